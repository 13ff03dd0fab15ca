// The system call that continues an interrupted one (restart_syscall(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// System calls; abi/syscall/table.cpp states the rules for all of them.
Result<u32> sys_restart_syscall(PtRegs& regs); // result of the continued call. INTR: there is nothing to continue

} // namespace faultline
