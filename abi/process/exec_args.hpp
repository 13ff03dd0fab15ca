// The argument and environment strings of execve, on their way from the old program's memory to the new one's stack.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

struct MmStruct;

// The strings as they will lie at the top of the new stack, each with its NUL:
//
//   argv[0] argv[1] … envp[0] … name | four zero bytes | TASK_SIZE
//
// They are added from the top down, the last first. They are kept in pages, because they may need much of the stack.
// (Linux fs/exec.c, struct linux_binprm, which keeps them in the new address space at once.)
class ExecArgs {
  public:
    static constexpr u32 MAX_ARG_STRLEN = 32 * PAGE_SIZE; // one string, with its NUL
    static constexpr u32 SMALLEST_LIMIT = 128u << 10;     // of all, however small the stack (Linux: ARG_MAX)
    static constexpr u32 STK_LIM = 8u << 20;              // the default stack; three quarters of it are the most

    ExecArgs() = default;
    ~ExecArgs();
    ExecArgs(const ExecArgs&) = delete;
    ExecArgs& operator=(const ExecArgs&) = delete;

    // Takes the name of the file, and the strings of two null-terminated arrays of pointers in current's memory; a null
    // array is empty. `stack_limit`: RLIMIT_STACK in bytes; a quarter of it is for strings and pointers. Without an
    // argument there is an empty one. TOOBIG, NOMEM, FAULT; RESTARTNOHAND: a fatal signal. May sleep.
    Result<void> take(const char* name, UserAddr argv, UserAddr envp, u64 stack_limit);

    // The same for a program that the kernel starts, in steps: begin() with the name and how many strings there will
    // be, then add() all environment strings and all arguments, the last first. TOOBIG, NOMEM.
    Result<void> begin(const char* name, u32 argc, u32 envc, u64 stack_limit);
    Result<void> add(const char* string);

    // Changes what the new program's arguments begin with, for the interpreter of a script. add_argument() puts one
    // before the others. TOOBIG, NOMEM. (Linux: remove_arg_zero, copy_string_kernel.)
    void remove_first_argument();
    Result<void> add_argument(const char* string);

    u32 argc() const { return argc_; }
    u32 envc() const { return envc_; }

    // Where the strings begin on the new stack, and where the name does. After them, zeros up to TASK_SIZE.
    UserAddr start() const { return UserAddr(TASK_SIZE - used_); }
    UserAddr name() const { return UserAddr(TASK_SIZE - name_); }

    // Copies all strings to start() in `mm`, which need not be current's. NOMEM, FAULT.
    Result<void> copy_to_mm(MmStruct& mm) const;

    // Calls visit(address) with the address that each string has on the new stack, arguments first.
    template <class Visitor>
    void for_each_string(Visitor&& visit) const {
        u32 at = used_;
        for (u32 i = 0; i < argc_ + envc_; ++i) {
            visit(UserAddr(TASK_SIZE - at));
            while (byte_below_top(at) != 0)
                --at;
            --at;
        }
    }

  private:
    Result<void> reserve(u32 bytes);
    Result<void> add_user(UserAddr string, char* page);
    Result<void> add_user_array(UserAddr array, u32 count, char* page);
    void put(const char* string, u32 bytes);
    char& byte_below_top(u32 distance) const; // of `distance` from TASK_SIZE, 1 and more

    PageRef* pages_ = nullptr; // from the top down, none where no page is allocated
    u32 page_count_ = 0;       // of the array
    u32 used_ = 0;             // bytes from the first string to TASK_SIZE
    u32 limit_ = 0;            // of `used_` (Linux: argmin)
    u32 name_ = 0;             // distance of the name from TASK_SIZE
    u32 argc_ = 0;
    u32 envc_ = 0;
};

} // namespace faultline
