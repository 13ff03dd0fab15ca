// A sleeping reader-writer lock with guards that are values: the mmap lock is one. Writers are preferred over new
// readers, so a stream of faults cannot starve mmap().
#pragma once

#include "base/assert.hpp"
#include "base/park.hpp"
#include "base/types.hpp"

namespace faultline {

class RwSemaphore {
  public:
    void down_read() {
        while (writer_ || writers_waiting_ > 0)
            park(queue_);
        ++readers_;
    }
    void up_read() {
        BUG_ON(readers_ == 0);
        if (--readers_ == 0)
            unpark_all(queue_);
    }
    void down_write() {
        ++writers_waiting_;
        while (writer_ || readers_ > 0)
            park(queue_);
        --writers_waiting_;
        writer_ = true;
    }
    void up_write() {
        BUG_ON(!writer_);
        writer_ = false;
        unpark_all(queue_);
    }
    bool try_down_read() {
        if (writer_ || writers_waiting_ > 0)
            return false;
        ++readers_;
        return true;
    }
    bool is_write_locked() const { return writer_; }
    bool is_locked() const { return writer_ || readers_ > 0; }

  private:
    ParkQueue queue_;
    u32 readers_ = 0;
    u32 writers_waiting_ = 0;
    bool writer_ = false;
};

// The lock held for reading, for as long as this lives. Code that may give the lock up takes the guard by reference.
class [[nodiscard]] ReadGuard {
  public:
    explicit ReadGuard(RwSemaphore& lock) : lock_(lock) { relock(); }
    ~ReadGuard() {
        if (held_)
            lock_.up_read();
    }
    ReadGuard(const ReadGuard&) = delete;
    ReadGuard& operator=(const ReadGuard&) = delete;

    void unlock() {
        lock_.up_read();
        held_ = false;
    }
    void relock() {
        lock_.down_read();
        held_ = true;
    }
    bool held() const { return held_; }

  private:
    RwSemaphore& lock_;
    bool held_ = false;
};

class [[nodiscard]] WriteGuard {
  public:
    explicit WriteGuard(RwSemaphore& lock) : lock_(lock) { lock_.down_write(); }
    ~WriteGuard() { lock_.up_write(); }
    WriteGuard(const WriteGuard&) = delete;
    WriteGuard& operator=(const WriteGuard&) = delete;

  private:
    RwSemaphore& lock_;
};

} // namespace faultline
