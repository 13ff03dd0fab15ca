// Signs of life of each CPU, for the debug kernel's watch for soft lockups (kernel/debug/watchdog.hpp).
#pragma once

#include "arch/contract/per_cpu.hpp"
#include "base/relaxed.hpp"

namespace faultline {

#ifdef FAULTLINE_DEBUG

inline constinit PerCpu<Relaxed<u32>> watchdog_touches; // a CPU counts its own

// This CPU goes back to user mode, to another task, or past a point where it would go to one. Callable anywhere.
// (Linux: the same name.)
inline void touch_softlockup_watchdog() {
    Relaxed<u32>& touches = watchdog_touches.here();
    touches = touches + 1;
}

#else

inline void touch_softlockup_watchdog() {}

#endif

} // namespace faultline
