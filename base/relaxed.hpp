// A variable that several CPUs read and write without a lock, for values that say nothing about other data. Reads and
// writes are atomic, and they order nothing. Code that needs an order adds a fence.
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
