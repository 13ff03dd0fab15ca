// How a machine behaves where it has a choice: boot arguments about TLBs, and what the TLBs do by themselves.
#pragma once

#include <span>

#include "arch/model/machine.hpp"
#include "arch/model/with_tlb_config.hpp"
#include "interleave/preset.hpp"

namespace faultline::interleave {

struct Temper {
    const char* name;
    TlbRelax relax;
    model::TlbPolicy policy;
    AdBits ad_bits = AdBits::Software;
};

// Those under which a program is tried.
std::span<const Temper> tempers(Tlbs tlbs);

// Boots with that temper for a scope, and with a TLB of software so small that it evicts. To be used before the machine
// is made.
class WithTemper {
  public:
    explicit WithTemper(const Temper& temper) : relax_(temper.relax), bits_(temper.ad_bits), room_(MIN_TLB_ENTRIES) {}

  private:
    WithTlbRelax relax_;
    WithAdBits bits_;
    WithTlbEntries room_;
};

} // namespace faultline::interleave
