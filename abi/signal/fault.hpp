// The signal for a system call that cannot be. (Those for faults are in kernel/upcalls.hpp.)
#pragma once

#include "base/types.hpp"

namespace faultline {

// Sends current `signal` with this code and si_addr for the call `number`, which becomes its error code in sigcontext
// (Linux arch/arm/kernel/traps.c arm_notify_die). Takes the kernel lock.
void signal_bad_call(s32 signal, s32 code, u32 address, u32 number);

} // namespace faultline
