// The end of the machine: reboot(2), and the end of process 1.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Waits until the host has taken all output of the ports, then ends the machine with `status`. Interrupts may be on or
// masked.
[[noreturn]] void power_off(u8 status);

// System calls; abi/syscall/table.cpp states the rules for all of them.
// PERM: the caller lacks CAP_SYS_BOOT. INVAL: bad magic numbers, or no such command. `argument` is not used.
Result<u32> sys_reboot(u32 magic1, u32 magic2, u32 command, UserAddr argument);

} // namespace faultline
