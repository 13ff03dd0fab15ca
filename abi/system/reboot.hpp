// The end of the machine: reboot(2), and the end of process 1.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Ends the machine with this status, once the host has taken what programs wrote.
[[noreturn]] void power_off(u8 status);

// System calls.
Result<u32> sys_reboot(u32 magic1, u32 magic2, u32 command, UserAddr argument);

} // namespace faultline
