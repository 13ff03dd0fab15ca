// The system calls that end a signal handler (sigreturn(2); Linux arch/arm/kernel/signal.c).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// System calls; abi/syscall/table.cpp states the rules for all of them. They restore `regs` from the frame on the user
// stack. If the frame is bad, current gets SIGSEGV.
u32 sys_sigreturn(PtRegs& regs);
u32 sys_rt_sigreturn(PtRegs& regs);

} // namespace faultline
