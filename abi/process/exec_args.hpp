// The argument and environment strings of execve, on their way from the old program's memory to the new one's.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

struct MmStruct;

// The strings follow each other, each with its NUL, arguments first, as they will lie on the new stack. They are kept
// in pages, because they may need up to a quarter of the stack (Linux: struct linux_binprm).
class ExecArgs {
  public:
    // Linux's limits: MAX_ARG_STRLEN for one string, and a quarter of the default stack for all strings and pointers.
    static constexpr u32 MAX_ARG_STRLEN = 32 * PAGE_SIZE;
    static constexpr u32 MAX_BYTES = (8u << 20) / 4;

    ExecArgs() = default;
    ~ExecArgs();
    ExecArgs(const ExecArgs&) = delete;
    ExecArgs& operator=(const ExecArgs&) = delete;

    // Append a string. Add all arguments before the first environment string. NOMEM, TOOBIG.
    Result<void> add_argument(const char* string);
    Result<void> add_environment(const char* string);

    // Append the strings of a null-terminated array of pointers in current's memory. A null `array` is empty. NOMEM,
    // TOOBIG, FAULT; INTR: a fatal signal.
    Result<void> add_user_arguments(UserAddr array);
    Result<void> add_user_environment(UserAddr array);

    // Replaces the first argument by `count` strings, for the interpreter of a script. TOOBIG, NOMEM.
    Result<void> replace_first_argument(const char* const* strings, u32 count);

    u32 argc() const { return argc_; }
    u32 envc() const { return envc_; }
    u32 bytes() const { return bytes_; } // of all strings with their NULs

    // Copies all strings to the address `to` of `mm`, which need not be current's. NOMEM, FAULT.
    Result<void> copy_to_mm(MmStruct& mm, UserAddr to) const;

    // Calls visit(offset) with the offset of each string, arguments first.
    template <class Visitor>
    void for_each_string(Visitor&& visit) const {
        for (u32 offset = 0, i = 0; i < argc_ + envc_; ++i) {
            visit(offset);
            while (byte_at(offset) != 0)
                ++offset;
            ++offset;
        }
    }

  private:
    Result<void> reserve(u32 bytes);
    Result<void> append(const char* string);
    Result<void> append_user(UserAddr string);
    Result<u32> append_user_array(UserAddr array);
    char& byte_at(u32 offset) const;

    static constexpr u32 MAX_PAGES = MAX_BYTES / PAGE_SIZE;
    PageRef* pages_ = nullptr; // an array of MAX_PAGES, none where no page is allocated
    u32 bytes_ = 0;
    u32 argc_ = 0;
    u32 envc_ = 0;
};

} // namespace faultline
