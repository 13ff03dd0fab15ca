// A sleeping reader-writer lock with guards that are values. Tasks get it in the order in which they come: a task that
// leaves hands it to the first that waits, and cannot overtake that one by coming back at once. For locks that few
// tasks take at a time; the mmap lock is a PercpuRwSemaphore (mm/percpu_rwsem.hpp).
#pragma once

#include <utility>

#include "base/assert.hpp"
#include "base/park.hpp"
#include "base/types.hpp"

namespace faultline {

class CAPABILITY("semaphore") RwSemaphore {
  public:
    explicit RwSemaphore(const char* name) : watch_(name, lockdep::Kind::Sleeping) {}

    void down_read() ACQUIRE_SHARED() { down(Mode::Read); }
    void down_write() ACQUIRE() { down(Mode::Write); }
    void up_read() RELEASE_SHARED() {
        watch_.released(this);
        const Guard lock(lock_);
        BUG_ON(readers_ == 0);
        --readers_;
        hand_over();
    }
    void up_write() RELEASE() {
        watch_.released(this);
        const Guard lock(lock_);
        BUG_ON(!std::exchange(writer_, false));
        hand_over();
    }

  private:
    enum class Mode : u8 { Read, Write };

    // A task that waits; on its stack. Nothing refers to it once `entered` is set and lock_ is free.
    struct Waiter {
        Mode mode;
        bool entered = false;
        ParkQueue queue{};
        AutoUnlinkHook link{};
    };

    void down(Mode mode) {
        watch_.about_to_wait(this);
        {
            const Guard lock(lock_);
            if (waiters_.empty() && may_enter(mode)) {
                enter(mode);
            } else {
                Waiter own{mode};
                waiters_.push_back(own);
                while (!own.entered)
                    park(own.queue, lock_);
            }
        }
        watch_.taken(this);
    }
    bool may_enter(Mode mode) const REQUIRES(lock_) { return !writer_ && (mode == Mode::Read || readers_ == 0); }
    void enter(Mode mode) REQUIRES(lock_) {
        if (mode == Mode::Read)
            ++readers_;
        else
            writer_ = true;
    }
    void hand_over() REQUIRES(lock_) {
        while (!waiters_.empty() && may_enter(waiters_.front().mode)) {
            Waiter& next = waiters_.front();
            waiters_.pop_front();
            enter(next.mode);
            next.entered = true;
            unpark_one(next.queue);
        }
    }

    SpinLock lock_{"RwSemaphore"};
    AutoUnlinkList<Waiter, &Waiter::link> waiters_ GUARDED_BY(lock_);
    u32 readers_ GUARDED_BY(lock_) = 0;
    bool writer_ GUARDED_BY(lock_) = false;
    [[no_unique_address]] lockdep::Watch watch_;
};

// The lock held, for reading or writing, for as long as this lives.
template <class Lock>
class [[nodiscard]] SCOPED_CAPABILITY ReadGuard {
  public:
    explicit ReadGuard(Lock& lock) ACQUIRE_SHARED(lock) : lock_(lock) { lock_.down_read(); }
    ~ReadGuard() RELEASE() { lock_.up_read(); }
    ReadGuard(const ReadGuard&) = delete;
    ReadGuard& operator=(const ReadGuard&) = delete;

  private:
    Lock& lock_;
};

template <class Lock>
class [[nodiscard]] SCOPED_CAPABILITY WriteGuard {
  public:
    explicit WriteGuard(Lock& lock) ACQUIRE(lock) : lock_(lock) { lock_.down_write(); }
    ~WriteGuard() RELEASE() { lock_.up_write(); }
    WriteGuard(const WriteGuard&) = delete;
    WriteGuard& operator=(const WriteGuard&) = delete;

  private:
    Lock& lock_;
};

} // namespace faultline
