// Ending the machine.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Ends the emulation with `status` as the emulator's exit status (semihosting SYS_EXIT_EXTENDED). Without a semihosting
// host it powers the machine off through PSCI, and the status is lost. Callable anywhere.
[[noreturn]] void machine_exit(u8 status);

} // namespace faultline
