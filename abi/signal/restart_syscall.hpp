// The call that continues an interrupted one (restart_syscall(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// System calls.
Result<u32> sys_restart_syscall(PtRegs& regs);

} // namespace faultline
