// The real-time clock, PL031 (ARM DDI 0224C). It counts seconds since 1970 and is read once, at boot.
#pragma once

namespace faultline {

void init_rtc(); // once, at boot: sets CLOCK_REALTIME. Does nothing if the machine has no such clock

} // namespace faultline
