// The real-time clock, PL031 (ARM DDI 0224C): seconds since 1970, read once.
#pragma once

namespace faultline {

void init_rtc(); // at boot: sets CLOCK_REALTIME. Nothing if the machine has no such clock

} // namespace faultline
