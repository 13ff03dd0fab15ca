// Storage for a global object whose constructor is not constexpr, such as Boost's containers. The kernel runs no global
// constructors; its code creates the object with emplace().
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace faultline {

// Declare it `constinit`. The object is never destroyed. Using it before emplace() is an error that nothing detects.
template <class T>
class Late {
  public:
    constexpr Late() = default;
    Late(const Late&) = delete;
    Late& operator=(const Late&) = delete;

    // Creates the object. Called once; tests call it again to start anew.
    template <class... Args>
    T& emplace(Args&&... args) {
        return *new (bytes_) T(std::forward<Args>(args)...);
    }

    T& operator*() { return *std::launder(reinterpret_cast<T*>(bytes_)); }
    T* operator->() { return &**this; }

  private:
    alignas(T) std::byte bytes_[sizeof(T)] = {};
};

} // namespace faultline
