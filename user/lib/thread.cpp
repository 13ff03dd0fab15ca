// Threads: a mapped stack, a control block on top of it, and clone with the flags that pthreads use (clone(2)).
#include <new>

#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

namespace faultline {

namespace {
constexpr std::size_t STACK_SIZE = 16 * PAGE_SIZE;
constexpr unsigned long FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
} // namespace

// clone.S: in the new thread, calls function(argument) on `stack` and then ends the thread.
extern "C" long ulib_clone_thread(unsigned long flags, void* stack, int* parent_tid, void* tls, void* child_tid,
                                  void (*function)(void*), void* argument);

long Thread::start(void (*function)(void*), void* argument, Word* exit_word) {
    const long stack =
        sys_mmap2(nullptr, STACK_SIZE + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (is_error(stack))
        return stack;
    stack_ = reinterpret_cast<void*>(stack);
    sys_mprotect(stack_, PAGE_SIZE, PROT_NONE);

    char* const top = static_cast<char*>(stack_) + STACK_SIZE + PAGE_SIZE;
    auto* const control = new (top - 64) ThreadControl{}; // 64: room for it, and the stack below is aligned to 8 bytes
    exit_word_ = exit_word ? exit_word : &alive_;
    alive_.store(1); // not 0 until the kernel clears it
    const long id = ulib_clone_thread(FLAGS, control, &id_, control, exit_word_, function, argument);
    if (is_error(id))
        sys_munmap(stack_, STACK_SIZE + PAGE_SIZE);
    return is_error(id) ? id : 0;
}

void Thread::join() {
    // The kernel's FUTEX_WAKE at exit uses a shared key (set_tid_address(2)), so wait with a shared one.
    while (const u32 seen = exit_word_->load())
        futex_wait(exit_word_, seen);
    sys_munmap(stack_, STACK_SIZE + PAGE_SIZE);
    stack_ = nullptr;
}

} // namespace faultline
