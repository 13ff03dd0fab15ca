// Reads the real-time clock at boot.
#include "abi/time/rtc.hpp"

#include <arch/boot_info.hpp>
#include <arch/io.hpp>

#include "abi/time/realtime.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

void init_rtc() {
    constexpr u32 RTCDR = 0x000;
    const DeviceInfo& device = boot_info().rtc;
    if (device.bytes != 0)
        set_realtime(u64{read32(ioremap(device.base, device.bytes), RTCDR)} * NSEC_PER_SEC);
}

} // namespace faultline
