// Result<T>: either a value or an Errno. It is `[[nodiscard]]`, so that no failure is ignored by accident.
// (std::expected would do, but clang 14, which lints this tree, cannot compile libstdc++ 12's.)
#pragma once

#include <utility>

#include "base/assert.hpp"
#include "base/errno.hpp"
#include "base/types.hpp"

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

// A Result<u32> for numbers that are no more than CountResult::MOST. It is one word, which a function returns in a register,
// where a Result<u32> goes through memory (AAPCS 5.4). The values above are the errors, as in the result of a system call.
class [[nodiscard]] CountResult {
  public:
    static constexpr u32 MOST = -4096u;

    constexpr CountResult(u32 value) : word_(value) { DEBUG_BUG_ON(!ok()); }        // NOLINT
    constexpr CountResult(Err failure) : word_(-static_cast<u32>(failure.error)) {} // NOLINT
    constexpr CountResult(Result<u32> result)
        : word_(result.ok() ? result.value() : -static_cast<u32>(result.error())) {} // NOLINT
    constexpr operator Result<u32>() const {                                         // NOLINT
        return ok() ? Result<u32>(word_) : Result<u32>(Err(error()));
    }

    constexpr bool ok() const { return word_ <= MOST; }
    constexpr explicit operator bool() const { return ok(); }
    constexpr bool is(Errno error) const { return word_ == -static_cast<u32>(error); }
    constexpr Errno error() const { return ok() ? Errno{} : Errno{static_cast<u16>(-word_)}; }
    constexpr u32 value() const {
        DEBUG_BUG_ON(!ok());
        return word_;
    }

  private:
    u32 word_;
};
static_assert(sizeof(CountResult) == sizeof(u32));

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
