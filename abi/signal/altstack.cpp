// Reads and sets the alternate signal stack. (Linux kernel/signal.c do_sigaltstack.)
#include "abi/signal/altstack.hpp"

#include <arch/ptrace.hpp>
#include <arch/signal.hpp>

#include "abi/signal/signal.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

Result<void> set_altstack(const SignalStack& wanted, u32 stack_pointer) {
    constexpr u32 MINSIGSTKSZ_BYTES = 2048;
    Task& task = *current();
    const bool enabled = (task.sas_flags & SS_DISABLE) == 0;
    if (enabled && on_sig_stack({task.sas_sp, task.sas_flags, task.sas_size}, stack_pointer))
        return Err(Errno::PERM);
    const u32 mode = wanted.flags & ~u32{SS_AUTODISARM};
    if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
        return Err(Errno::INVAL);
    if (mode == SS_DISABLE) {
        task.sas_sp = task.sas_size = 0;
        task.sas_flags = SS_DISABLE;
        return {};
    }
    if (wanted.size < MINSIGSTKSZ_BYTES)
        return Err(Errno::NOMEM);
    task.sas_sp = wanted.sp;
    task.sas_size = wanted.size;
    task.sas_flags = wanted.flags & SS_AUTODISARM;
    return {};
}

Result<u32> sys_sigaltstack(PtRegs& regs, UserAddr stack, UserAddr old_stack) {
    const Task& task = *current();
    SignalStack before = {task.sas_sp, task.sas_flags, task.sas_size};
    if ((before.flags & SS_DISABLE) == 0 && on_sig_stack(before, regs.sp))
        before.flags |= SS_ONSTACK;
    if (stack.value() != 0) {
        SignalStack wanted;
        TRY_VOID(copy_struct_from_user(&wanted, stack, sizeof wanted));
        TRY_VOID(set_altstack(wanted, regs.sp));
    }
    if (old_stack.value() != 0)
        TRY_VOID(copy_struct_to_user(old_stack, &before, sizeof before));
    return 0u;
}

} // namespace faultline
