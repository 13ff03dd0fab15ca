// fork, clone, execve, exit.
#include <linux/sched.h>

#include "arch/contract/uaccess.hpp"
#include "kernel/fs/namei.hpp"
#include "kernel/proc/process.hpp"
#include "kernel/proc/syscalls.hpp"
#include "kernel/syscall/adapt.hpp"

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

// The order of the last two arguments is ARM's (CONFIG_CLONE_BACKWARDS).
Result<s32> sys_clone(u32 flags, UserAddr stack, UserAddr parent_tid, u32 tls, UserAddr child_tid) {
    CloneArguments arguments;
    arguments.flags = flags & ~u32{CSIGNAL};
    arguments.exit_signal = static_cast<s32>(flags & CSIGNAL);
    arguments.stack = stack;
    arguments.parent_tid = parent_tid;
    arguments.child_tid = child_tid;
    arguments.tls = tls;
    if (arguments.exit_signal > SIGNAL_COUNT)
        return Err(Errno::INVAL);
    return kernel_clone(arguments);
}

namespace {

Result<void> execve(UserAddr path, UserAddr argv, UserAddr envp) {
    PathName name = TRY(PathName::from_user(path));
    ExecArgs arguments;
    TRY_VOID(arguments.add_user_arguments(argv));
    TRY_VOID(arguments.add_user_environment(envp));
    return do_execve(name.text(), arguments);
}

} // namespace

// On success the registers are the new program's, r0 (0) among them.
u32 sys_execve(PtRegs& regs, UserAddr path, UserAddr argv, UserAddr envp) {
    const auto done = execve(path, argv, envp);
    return done ? regs.r[0] : adapt_detail::to_register(done);
}

u32 sys_exit(s32 status) { do_exit((status & 0xff) << 8); }
u32 sys_exit_group(s32 status) { do_group_exit((status & 0xff) << 8); }

s32 sys_set_tid_address(UserAddr address) {
    current()->clear_child_tid = address;
    return current()->pid;
}

} // namespace faultline
