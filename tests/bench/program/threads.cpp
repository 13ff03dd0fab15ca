// Threads, through clone(2).
#include "tests/bench/program/threads.hpp"

namespace faultline::bench {

extern "C" long ulib_clone_thread(unsigned long flags, void* stack, int* parent_tid, void* tls, void* child_tid,
                                  void (*function)(void*), void* argument); // user/lib/clone.S

void start_thread(char* top, void (*function)(void*), void* argument, Word* exit_word) {
    constexpr unsigned long FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (exit_word)
        exit_word->store(1, std::memory_order_relaxed);
    const long id = ulib_clone_thread(FLAGS | (exit_word ? CLONE_CHILD_CLEARTID : 0), top, nullptr, nullptr, exit_word,
                                      function, argument);
    require(!is_error(id), "clone", id);
}

void join(Word& exit_word) {
    while (const u32 seen = exit_word.load(std::memory_order_relaxed))
        futex_wait(&exit_word, seen);
}

void RealTime::set(int policy, int priority) {
    const long result = system_call(__NR_sched_setscheduler, 0, policy, &priority);
    require(result == 0, "sched_setscheduler", result);
}

} // namespace faultline::bench
