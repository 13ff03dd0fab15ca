// Locks over futexes: a mutex for threads of one process, a priority-inheritance mutex that processes may share, a
// condition variable over each; and the robust list that marks a dead owner's locks, with a mutex that uses it.
#pragma once

#include <ulib/futex.hpp>

namespace faultline {

// 0 free, 1 held, 2 held and perhaps waited for.
class Mutex {
  public:
    void lock();
    bool try_lock();
    void unlock();

  private:
    friend class ConditionVariable;
    void lock_as_contended(); // and leaves it as held and perhaps waited for

    Word word_{0};
};

// Wake-ups may be spurious: wait in a loop over the condition.
class ConditionVariable {
  public:
    void wait(Mutex& mutex);
    void notify_one();
    // Wakes one, and makes the others wait for `mutex`, the one they all waited with.
    void notify_all(Mutex& mutex);

  private:
    Word turn_{0};
};

// A PI mutex of our own making. The word holds 0, or the owner's thread id and perhaps FUTEX_WAITERS; while
// there is no contention, user space takes and frees it with one compare-and-swap and the kernel never
// hears of it. The compare-and-swap that fails only *reads*: this is how a task comes to FUTEX_LOCK_PI
// without ever having stored. May lie in memory that processes share; zero bytes are a free mutex.
class PiMutex {
  public:
    long lock(); // 0 or −errno
    bool try_lock();
    long unlock(); // 0 or −errno
    Word& word() { return word_; }

  private:
    Word word_{0};
};

// The same as above over PiMutex: who is notified owns it when he wakes. Each returns 0 or −errno.
class PiConditionVariable {
  public:
    long wait(PiMutex& mutex);
    long notify_all(PiMutex& mutex);

  private:
    Word turn_{0};
};

// What set_robust_list(2) registers for the calling thread: a ring of lock nodes. The kernel, when the
// thread ends, looks `offset` bytes from each node for a futex word with this thread's id, and marks it
// FUTEX_OWNER_DIED. The node need not lie beside its word, so that a node can be touched and the word's
// page not.
class RobustList {
  public:
    // One lock, held. Registers the list; 0 or −errno.
    long hold(Word* word);
    // The same, but as the lock being taken or freed just now (list_op_pending), the ring itself empty.
    long hold_pending(Word* word);
    // No lock at all.
    long hold_none();

  private:
    long register_with(robust_list* first, robust_list* pending, Word* word);

    robust_list node_{};
    robust_list_head head_{};
};

// A mutex that processes may share, and that outlives its owner. The word holds 0, or the owner's thread id, perhaps with
// FUTEX_WAITERS; or FUTEX_OWNER_DIED in place of the id. Zero bytes are a free mutex. `list` is the calling thread's.
class RobustMutex {
  public:
    // Whether the last owner died with it: what the mutex guards may be half done.
    bool lock(RobustList& list);
    void unlock(RobustList& list);

  private:
    Word word_{0};
};

} // namespace faultline
