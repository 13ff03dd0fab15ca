// Decodes and checks the arguments of the system calls that make tasks. (Linux kernel/fork.c.)
#include "abi/process/clone.hpp"

#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/signal.h>

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "abi/process/fork.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pid.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

Result<s32> sys_fork() {
    CloneArguments arguments;
    arguments.exit_signal = SIGCHLD;
    return kernel_clone(arguments);
}

Result<s32> sys_vfork() {
    CloneArguments arguments;
    arguments.flags = CLONE_VFORK | CLONE_VM;
    arguments.exit_signal = SIGCHLD;
    return kernel_clone(arguments);
}

// On ARM, `tls` comes before `child_tid` (Linux: CONFIG_CLONE_BACKWARDS).
Result<s32> sys_clone(u32 flags, UserAddr stack, UserAddr parent_tid, u32 tls, UserAddr child_tid) {
    CloneArguments arguments;
    arguments.flags = flags & ~u32{CSIGNAL};
    arguments.exit_signal = static_cast<s32>(flags & CSIGNAL);
    arguments.stack = stack;
    arguments.parent_tid = parent_tid;
    arguments.pidfd = parent_tid; // clone(2) uses one argument for both
    arguments.child_tid = child_tid;
    arguments.tls = tls;
    constexpr u32 BOTH = CLONE_PIDFD | CLONE_PARENT_SETTID;
    constexpr u32 DETACHED_PIDFD = CLONE_PIDFD | CLONE_DETACHED;
    if ((flags & BOTH) == BOTH || (flags & DETACHED_PIDFD) == DETACHED_PIDFD)
        return Err(Errno::INVAL);
    return kernel_clone(arguments);
}

namespace {

constexpr u32 MAX_PID_NS_LEVEL = 32; // Linux's
constexpr u32 SMALLEST_CLONE_ARGS = CLONE_ARGS_SIZE_VER0;

// Copies a struct clone_args of any version. Fields that an older version lacks are zero. Fields of a newer version,
// which this kernel does not know, must be zero. INVAL: shorter than the first version. TOOBIG: unknown fields are set,
// or longer than a page. FAULT. (Linux: copy_struct_from_user.)
Result<clone_args> get_clone_args(UserAddr from, u32 size) {
    clone_args arguments = {};
    if (size > PAGE_SIZE)
        return Err(Errno::TOOBIG);
    if (size < SMALLEST_CLONE_ARGS)
        return Err(Errno::INVAL);
    for (u32 at = sizeof arguments; at < size; ++at)
        if (TRY(get_user_u8(from + at)) != 0)
            return Err(Errno::TOOBIG);
    TRY_VOID(copy_struct_from_user(&arguments, from, std::min(size, u32{sizeof arguments})));
    return arguments;
}

// INVAL: values that are out of range or exclude each other. BADF: CLONE_INTO_CGROUP, because no descriptor can be a
// cgroup here. (Linux: clone3_args_valid.)
Result<void> check_clone_args(const clone_args& arguments) {
    constexpr u64 UNKNOWN = ~((u64{CLONE_INTO_CGROUP} << 1) - 1) | CSIGNAL | CLONE_DETACHED;
    const bool is_child = (arguments.flags & (CLONE_THREAD | CLONE_PARENT)) == 0;
    const bool valid =
        (arguments.flags & UNKNOWN) == 0 && arguments.exit_signal <= SIGNAL_COUNT &&
        (is_child || arguments.exit_signal == 0) && (arguments.set_tid == 0) == (arguments.set_tid_size == 0) &&
        arguments.set_tid_size <= MAX_PID_NS_LEVEL && (arguments.stack == 0) == (arguments.stack_size == 0) &&
        arguments.stack <= TASK_SIZE && arguments.stack_size <= TASK_SIZE - arguments.stack;
    if (!valid)
        return Err(Errno::INVAL);
    return (arguments.flags & CLONE_INTO_CGROUP) != 0 ? Result<void>(Err(Errno::BADF)) : Result<void>();
}

// Returns the id that the program chose for the child, or 0 for any. `set_tid` has an id for each pid namespace; there
// is only one namespace. INVAL: more ids, or one that is out of range. PERM. FAULT.
Result<s32> chosen_pid(const clone_args& arguments) {
    if (arguments.set_tid_size == 0)
        return 0;
    const s32 pid = static_cast<s32>(TRY(get_user_u32(UserAddr(static_cast<u32>(arguments.set_tid)))));
    if (arguments.set_tid_size > 1 || pid < 1 || pid >= pid_max())
        return Err(Errno::INVAL);
    if (!capable(CAP_SYS_ADMIN) && !capable(CAP_CHECKPOINT_RESTORE))
        return Err(Errno::PERM);
    return pid;
}

} // namespace

Result<s32> sys_clone3(UserAddr user_arguments, u32 size) {
    const clone_args wanted = TRY(get_clone_args(user_arguments, size));
    TRY_VOID(check_clone_args(wanted));
    const auto address = [](u64 value) { return UserAddr(static_cast<u32>(value)); };
    CloneArguments arguments;
    arguments.flags = wanted.flags;
    arguments.exit_signal = static_cast<s32>(wanted.exit_signal);
    arguments.stack = address(wanted.stack + wanted.stack_size);
    arguments.parent_tid = address(wanted.parent_tid);
    arguments.child_tid = address(wanted.child_tid);
    arguments.pidfd = address(wanted.pidfd);
    arguments.tls = static_cast<u32>(wanted.tls);
    arguments.pid = TRY(chosen_pid(wanted));
    return kernel_clone(arguments);
}

s32 sys_set_tid_address(UserAddr address) {
    current()->clear_child_tid = address;
    return current()->pid;
}

} // namespace faultline
