// Other CPUs of the modelled machine are driven by tests, one at a time: each looks by itself.
#pragma once

#include "base/types.hpp"

namespace faultline {

inline void smp_send_reschedule(CpuId) {}

} // namespace faultline
