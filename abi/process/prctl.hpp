// The system call that reads and sets attributes of a thread or process (prctl(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. docs/system-calls.md lists the options.
// INVAL: another option, or a value outside its range. FAULT, NOMEM. PERM: PR_SET_SECUREBITS.
Result<u32> sys_prctl(s32 option, u32 argument2, u32 argument3, u32 argument4, u32 argument5);

} // namespace faultline
