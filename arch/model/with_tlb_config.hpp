// Sets boot arguments about TLBs for a scope. To be used before the machine is made.
#pragma once

#include <utility>

#include "arch/contract/tlb.hpp"

namespace faultline {

// tlb=lazy or tlb=eager.
class WithTlbRelax {
  public:
    explicit WithTlbRelax(TlbRelax relax) : before_(std::exchange(tlb_config.relax, relax)) {}
    ~WithTlbRelax() { tlb_config.relax = before_; }
    WithTlbRelax(const WithTlbRelax&) = delete;
    WithTlbRelax& operator=(const WithTlbRelax&) = delete;

  private:
    TlbRelax before_;
};

// ad_bits=hardware, where software fills the TLB; elsewhere it does nothing.
class WithAdBits {
  public:
    explicit WithAdBits(AdBits bits)
        : before_(std::exchange(tlb_config.ad_bits, tlb_config.entries != 0 ? bits : AdBits::Software)) {}
    ~WithAdBits() { tlb_config.ad_bits = before_; }
    WithAdBits(const WithAdBits&) = delete;
    WithAdBits& operator=(const WithAdBits&) = delete;

  private:
    AdBits before_;
};

// tlb_entries=N, where software fills the TLB; elsewhere it does nothing.
class WithTlbEntries {
  public:
    explicit WithTlbEntries(u32 entries)
        : before_(std::exchange(tlb_config.entries, tlb_config.entries != 0 ? entries : 0)) {}
    ~WithTlbEntries() { tlb_config.entries = before_; }
    WithTlbEntries(const WithTlbEntries&) = delete;
    WithTlbEntries& operator=(const WithTlbEntries&) = delete;

  private:
    u32 before_;
};

// tlb=broken, or tlb_check=1 alone.
class WithCheckedFlushes {
  public:
    explicit WithCheckedFlushes(bool broken) {
        tlb_config.broken = broken;
        tlb_config.check = true;
    }
    ~WithCheckedFlushes() { tlb_config.broken = tlb_config.check = false; }
    WithCheckedFlushes(const WithCheckedFlushes&) = delete;
    WithCheckedFlushes& operator=(const WithCheckedFlushes&) = delete;
};

} // namespace faultline
