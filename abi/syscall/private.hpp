// System calls that have no place in the table.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// Serves every number without a function: ENOSYS, and a line in the kernel's messages the first time.
u32 sys_unknown(PtRegs& regs);

} // namespace faultline
