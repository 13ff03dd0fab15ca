// The strings of execve: arguments and environment, between the old program's memory and the new one's.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct MmStruct;
struct Page;

// Strings laid end to end, each with its NUL: arguments first, then environment, as they will lie on the new
// stack. Kept in pages because there may be a quarter of a stack's worth of them.
class ExecArgs {
  public:
    // Linux's limits: MAX_ARG_STRLEN for one string; a quarter of the stack for everything, pointers
    // included.
    static constexpr u32 MAX_ARG_STRLEN = 32 * PAGE_SIZE;
    static constexpr u32 MAX_BYTES = (8u << 20) / 4;

    ExecArgs() = default;
    ~ExecArgs();
    ExecArgs(const ExecArgs&) = delete;
    ExecArgs& operator=(const ExecArgs&) = delete;

    // All arguments come before the first environment string. NOMEM, TOOBIG.
    Result<void> add_argument(const char* string);
    Result<void> add_environment(const char* string);

    // The same from current's null-terminated arrays of pointers; a null array is an empty one. FAULT too.
    Result<void> add_user_arguments(UserAddr array);
    Result<void> add_user_environment(UserAddr array);

    // For scripts: what goes before the arguments, whose first then goes. `strings`: up to three. TOOBIG,
    // NOMEM.
    Result<void> replace_first_argument(const char* const* strings, u32 count);

    u32 argc() const { return argc_; }
    u32 envc() const { return envc_; }
    u32 bytes() const { return bytes_; }

    // Copies all strings to `to` of an address space that need not be the current one. NOMEM, FAULT.
    Result<void> copy_to_mm(MmStruct& mm, UserAddr to) const;

    // Calls visit(offset) for the start of each string, arguments then environment.
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
    Page** pages_ = nullptr; // MAX_PAGES slots, null where there is none
    u32 bytes_ = 0;
    u32 argc_ = 0;
    u32 envc_ = 0;
};

} // namespace faultline
