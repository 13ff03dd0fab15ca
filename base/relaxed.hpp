// A variable that several CPUs read and write without a lock, and of which nothing but its own value is concluded. Reads
// and writes are whole; they order nothing: whoever needs that has a fence of his own beside them.
#pragma once

#include <atomic>

namespace faultline {

template <class T>
class Relaxed {
  public:
    constexpr Relaxed() = default;
    constexpr Relaxed(T value) : value_(value) {}
    Relaxed(const Relaxed&) = delete;
    Relaxed& operator=(const Relaxed&) = delete;

    operator T() const { return value_.load(std::memory_order_relaxed); }
    T operator=(T value) {
        value_.store(value, std::memory_order_relaxed);
        return value;
    }

  private:
    std::atomic<T> value_{};
};

} // namespace faultline
