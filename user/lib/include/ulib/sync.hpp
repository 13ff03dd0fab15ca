// Locks built on futexes: a mutex for the threads of one process, a priority-inheritance mutex that processes may
// share, and a condition variable for each; and the robust list, by which the kernel marks a dead owner's locks, with a
// mutex that uses it.
#pragma once

#include <ulib/futex.hpp>

namespace faultline {

// The word holds 0 if the mutex is free, 1 if it is held, 2 if it is held and may have waiters.
class Mutex {
  public:
    void lock();
    bool try_lock();
    void unlock();

  private:
    friend class ConditionVariable;
    void lock_as_contended(); // leaves the word at 2

    Word word_{0};
};

// Wake-ups may be spurious: wait in a loop over the condition.
class ConditionVariable {
  public:
    void wait(Mutex& mutex);
    void notify_one();
    // Wakes one waiter, and moves the others to `mutex`, which must be the one that all of them waited with.
    void notify_all(Mutex& mutex);

  private:
    Word turn_{0};
};

// A priority-inheritance mutex. The word holds 0, or the owner's thread id, perhaps with FUTEX_WAITERS. Without
// contention a program takes and releases it with one compare-and-swap, and makes no system call. A compare-and-swap
// that fails only *reads*: so a task can call FUTEX_LOCK_PI without ever having written to the page. May lie in memory
// that processes share; zero bytes are a free mutex.
class PiMutex {
  public:
    long lock(); // 0 or −errno
    bool try_lock();
    long unlock(); // 0 or −errno
    Word& word() { return word_; }

  private:
    Word word_{0};
};

// A condition variable over PiMutex: a waiter owns the mutex when it wakes. Each function returns 0 or −errno.
class PiConditionVariable {
  public:
    long wait(PiMutex& mutex);
    long notify_all(PiMutex& mutex);

  private:
    Word turn_{0};
};

// What set_robust_list(2) registers for the calling thread: a ring of lock nodes. When the thread ends, the kernel
// looks `offset` bytes from each node for a futex word with this thread's id, and marks that word FUTEX_OWNER_DIED. A
// node may lie far from its word; then a program can touch the node and leave the word's page alone.
class RobustList {
  public:
    // Registers a list with one lock, held. 0 or −errno.
    long hold(Word* word);
    // Registers the lock as the one being taken or released just now (list_op_pending); the ring itself is empty.
    long hold_pending(Word* word);
    // Registers an empty list.
    long hold_none();

  private:
    long register_with(robust_list* first, robust_list* pending, Word* word);

    robust_list node_{};
    robust_list_head head_{};
};

// A mutex that processes may share, and that survives its owner's death. The word holds 0, or the owner's thread id,
// perhaps with FUTEX_WAITERS; when the owner died, FUTEX_OWNER_DIED stands in place of the id. Zero bytes are a free
// mutex. `list` belongs to the calling thread.
class RobustMutex {
  public:
    // Returns whether the last owner died holding the mutex: what it guards may be half done.
    bool lock(RobustList& list);
    void unlock(RobustList& list);

  private:
    Word word_{0};
};

} // namespace faultline
