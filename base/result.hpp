// Result<T>: either a value or an Errno. It is `[[nodiscard]]`, so that no failure is ignored by accident.
// (std::expected would do, but clang 14, which lints this tree, cannot compile libstdc++ 12's.)
#pragma once

#include <utility>

#include "base/assert.hpp"
#include "base/errno.hpp"

namespace faultline {

// What a function returns on failure: `return Err(Errno::NOMEM);`
struct Err {
    constexpr explicit Err(Errno e) : error(e) {}
    Errno error;
};

template <class T>
class [[nodiscard]] Result {
  public:
    constexpr Result(T value) : value_(std::move(value)), error_() {} // NOLINT: implicit, so that `return value;` works
    constexpr Result(Err failure) : value_(), error_(failure.error) {} // NOLINT

    constexpr bool ok() const { return error_ == Errno{}; }
    constexpr explicit operator bool() const { return ok(); }
    constexpr Errno error() const { return error_; } // Errno{} (zero) if ok()

    constexpr T& value() & {
        BUG_ON(!ok());
        return value_;
    }
    constexpr const T& value() const& {
        BUG_ON(!ok());
        return value_;
    }
    constexpr T&& value() && {
        BUG_ON(!ok());
        return std::move(value_);
    }
    constexpr T& operator*() & { return value(); }
    constexpr T* operator->() { return &value(); }

  private:
    T value_;
    Errno error_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    constexpr Result() : error_() {}
    constexpr Result(Err failure) : error_(failure.error) {} // NOLINT

    constexpr bool ok() const { return error_ == Errno{}; }
    constexpr explicit operator bool() const { return ok(); }
    constexpr Errno error() const { return error_; }

  private:
    Errno error_;
};

} // namespace faultline

// TRY(expression): the value of a Result; if it is an error, returns that error from the calling function. TRY_VOID is
// the same for Result<void>. TRY is a GNU statement expression, which both compilers have.
#define TRY(expression)                                                                                                \
    ({                                                                                                                 \
        auto try_result_ = (expression);                                                                               \
        if (!try_result_.ok()) [[unlikely]]                                                                            \
            return ::faultline::Err(try_result_.error());                                                              \
        std::move(try_result_).value();                                                                                \
    })
#define TRY_VOID(expression)                                                                                           \
    do {                                                                                                               \
        auto try_result_ = (expression);                                                                               \
        if (!try_result_.ok()) [[unlikely]]                                                                            \
            return ::faultline::Err(try_result_.error());                                                              \
    } while (false)
