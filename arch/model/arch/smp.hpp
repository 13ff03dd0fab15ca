// Waking other CPUs: not needed on the modelled machine, where tests drive the CPUs one at a time.
#pragma once

#include "base/types.hpp"

namespace faultline {

inline void smp_send_reschedule(CpuId) {}

} // namespace faultline
