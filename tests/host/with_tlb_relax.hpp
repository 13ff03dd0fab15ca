// tlb=lazy or tlb=eager for a scope.
#pragma once

#include <utility>

#include "arch/contract/tlb.hpp"

namespace faultline {

class WithTlbRelax {
  public:
    explicit WithTlbRelax(TlbRelax relax) : before_(std::exchange(tlb_config.relax, relax)) {}
    ~WithTlbRelax() { tlb_config.relax = before_; }
    WithTlbRelax(const WithTlbRelax&) = delete;
    WithTlbRelax& operator=(const WithTlbRelax&) = delete;

  private:
    TlbRelax before_;
};

} // namespace faultline
