// The end of a handler (sigreturn(2)).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// System calls.
u32 sys_sigreturn(PtRegs& regs);
u32 sys_rt_sigreturn(PtRegs& regs);

} // namespace faultline
