// Setting what the boot arguments set (interleave/settings.hpp).
#include "interleave/settings.hpp"

#include "kernel/futex/livelock.hpp"
#include "mm/config.hpp"

namespace faultline::interleave {

WithSettings::WithSettings(const Settings& settings) : relax_(settings.relax), bits_(settings.ad_bits) {
    tlb_config.broken = settings.broken;
    set_fault_in_policy(settings.fault_in);
    mm_config.fault_around = settings.fault_around;
    livelock_policy = LivelockPolicy::Halt;
    livelock_rounds = settings.livelock_rounds;
}

WithSettings::~WithSettings() { tlb_config.broken = false; }

} // namespace faultline::interleave
