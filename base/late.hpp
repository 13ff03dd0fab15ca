// Storage for a global whose constructor is not constexpr (Boost's containers): no global constructor runs,
// and none has to, because somebody says when it begins to exist.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace faultline {

// Declare it `constinit`. Never destroyed.
template <class T>
class Late {
  public:
    constexpr Late() = default;
    Late(const Late&) = delete;
    Late& operator=(const Late&) = delete;

    // Makes the object; once, or again to start afresh (tests).
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
