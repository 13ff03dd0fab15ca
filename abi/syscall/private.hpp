// System calls without an entry in the table. private_syscall() is in kernel/upcalls.hpp.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// The handler of every number without a function: returns −ENOSYS. Logs a line the first time each number is called.
// Called without the kernel lock.
u32 sys_unknown(PtRegs& regs);

} // namespace faultline
