// A sleeping reader-writer lock with guards that are values. Writers are preferred over new readers. For locks that few
// take at a time; the mmap lock is a PercpuRwSemaphore (mm/percpu_rwsem.hpp).
#pragma once

#include "base/assert.hpp"
#include "base/park.hpp"
#include "base/types.hpp"

namespace faultline {

class CAPABILITY("semaphore") RwSemaphore {
  public:
    explicit RwSemaphore(const char* name) : watch_(name, lockdep::Kind::Sleeping) {}

    void down_read() ACQUIRE_SHARED() {
        watch_.about_to_wait(this);
        {
            const Guard lock(lock_);
            while (writer_ || writers_waiting_ > 0)
                park(queue_, lock_);
            ++readers_;
        }
        watch_.taken(this);
    }
    void up_read() RELEASE_SHARED() {
        watch_.released(this);
        const Guard lock(lock_);
        BUG_ON(readers_ == 0);
        if (--readers_ == 0)
            unpark_all(queue_);
    }
    void down_write() ACQUIRE() {
        watch_.about_to_wait(this);
        {
            const Guard lock(lock_);
            ++writers_waiting_;
            while (writer_ || readers_ > 0)
                park(queue_, lock_);
            --writers_waiting_;
            writer_ = true;
        }
        watch_.taken(this);
    }
    void up_write() RELEASE() {
        watch_.released(this);
        const Guard lock(lock_);
        BUG_ON(!writer_);
        writer_ = false;
        unpark_all(queue_);
    }

  private:
    SpinLock lock_{"RwSemaphore"};
    ParkQueue queue_ GUARDED_BY(lock_);
    u32 readers_ GUARDED_BY(lock_) = 0;
    u32 writers_waiting_ GUARDED_BY(lock_) = 0;
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
