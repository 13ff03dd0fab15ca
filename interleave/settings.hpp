// The boot arguments under which a program runs, and what the TLBs of its machine do by themselves.
#pragma once

#include "arch/model/machine.hpp"
#include "arch/model/with_tlb_config.hpp"
#include "kernel/futex/fault_in.hpp"

namespace faultline::interleave {

struct Settings {
    TlbRelax relax = TlbRelax::Lazy;   // tlb=lazy, tlb=eager
    bool broken = false;               // tlb=broken, without its check: the invariants see it too
    AdBits ad_bits = AdBits::Software; // ad_bits=
    model::TlbPolicy tlb = {};
    FaultIn fault_in = FaultIn::Fixup; // fault_in=
    bool fault_around = true;          // fault_around=
    u32 livelock_rounds = 50;          // so many rounds without a change end the run
};

// Boots with them for a scope, and with a TLB of software so small that it evicts. To be used before the machine is made.
class WithSettings {
  public:
    explicit WithSettings(const Settings& settings);
    ~WithSettings();
    WithSettings(const WithSettings&) = delete;
    WithSettings& operator=(const WithSettings&) = delete;

  private:
    WithTlbRelax relax_;
    WithAdBits bits_;
    WithTlbEntries room_{MIN_TLB_ENTRIES};
};

} // namespace faultline::interleave
