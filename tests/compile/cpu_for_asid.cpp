// The number of a CPU where an ASID is wanted: both are a byte, and the TLB would drop another address space's entries.
// error: could not convert '.*CpuId' to '.*Asid'
#include <arch/translation.hpp>

#include "arch/contract/machine.hpp"

namespace faultline {

void forget(CpuId cpu, Asid asid) {
#ifdef CORRECT
    machine::tlb_invalidate_asid(asid);
    static_cast<void>(cpu);
#else
    machine::tlb_invalidate_asid(cpu);
    static_cast<void>(asid);
#endif
}

} // namespace faultline
