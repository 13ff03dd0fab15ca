// What runs before main, and what newlib leaves to its host so that threads may call malloc: locks, and an errno
// per thread. (Debian's build of newlib has one reentrancy structure and locks that do nothing; see user/README.md.)
#include <reent.h>

#include <linux/auxvec.h>

#include <ulib/start.hpp>
#include <ulib/sync.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

extern "C" {
extern char** environ;
void __libc_init_array();     // newlib: runs constructors; its exit() runs the destructors
void* __dso_handle = nullptr; // the key under which destructors are registered; a static program has one
}

namespace faultline {

namespace {

constinit ThreadControl main_thread{};
const unsigned long* auxiliary_vector;

// newlib's locks nest: free() inside realloc() takes the same one again.
class RecursiveMutex {
  public:
    void lock() {
        if (owner_.load(std::memory_order_relaxed) != current_thread()) {
            mutex_.lock();
            owner_.store(current_thread(), std::memory_order_relaxed);
        }
        ++depth_;
    }
    void unlock() {
        if (--depth_ == 0) {
            owner_.store(nullptr, std::memory_order_relaxed);
            mutex_.unlock();
        }
    }

  private:
    Mutex mutex_;
    std::atomic<ThreadControl*> owner_{nullptr};
    unsigned depth_ = 0;
};

constinit RecursiveMutex malloc_lock;
constinit RecursiveMutex env_lock;

} // namespace

unsigned long auxiliary_value(unsigned long type) {
    for (const unsigned long* entry = auxiliary_vector; entry[0] != AT_NULL; entry += 2)
        if (entry[0] == type)
            return entry[1];
    return 0;
}

extern "C" void ulib_start(unsigned long* stack) {
    sys_set_tls(&main_thread);
    environ = reinterpret_cast<char**>(stack + 1 + stack[0] + 1);
    char** end = environ;
    while (*end)
        ++end;
    auxiliary_vector = reinterpret_cast<const unsigned long*>(end + 1);
    __libc_init_array();
}

extern "C" {

void __malloc_lock(struct _reent*) { malloc_lock.lock(); }
void __malloc_unlock(struct _reent*) { malloc_lock.unlock(); }
void __env_lock(struct _reent*) { env_lock.lock(); }
void __env_unlock(struct _reent*) { env_lock.unlock(); }

// What the `errno` macro of newlib's <errno.h> calls.
int* __errno() {
    ThreadControl* const self = current_thread();
    return self == &main_thread ? &_impure_ptr->_errno : &self->errno_value;
}

} // extern "C"

} // namespace faultline
