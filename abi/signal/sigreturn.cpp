// Returns from a signal handler to the code that the signal interrupted.
#include "abi/signal/sigreturn.hpp"

#include <arch/ptrace.hpp>
#include <arch/signal.hpp>

#include "abi/signal/altstack.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/sigprocmask.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

// Returns the restored r0, which is then written to r0 as the result of the system call.
u32 finish_sigreturn(PtRegs& regs, const Result<SignalReturn>& frame, bool with_altstack) {
    current()->restart_block = {};
    if (!frame) {
        force_sig(SIGSEGV);
        return 0;
    }
    set_current_blocked(frame.value().blocked);
    if (with_altstack)
        (void)set_altstack(frame.value().altstack, regs.sp); // as in Linux, an invalid one is ignored
    return regs.r[0];
}

} // namespace

u32 sys_sigreturn(PtRegs& regs) { return finish_sigreturn(regs, restore_frame(regs), false); }
u32 sys_rt_sigreturn(PtRegs& regs) { return finish_sigreturn(regs, restore_rt_frame(regs), true); }

} // namespace faultline
