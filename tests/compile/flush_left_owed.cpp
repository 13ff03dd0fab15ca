// A permission is taken away and nothing notes that the TLBs still hold it.
// error: invalid initialization of reference of type '.*TlbDebt&' from expression of type '.*MmContext'
#include "arch/contract/mmu.hpp"

namespace faultline {

void write_protect(MmContext& mm, UserAddr address, PteSlot* slot) {
#ifdef CORRECT
    TlbDebt debt(mm);
    ptep_set_wrprotect(debt, address, slot);
#else
    ptep_set_wrprotect(mm, address, slot);
#endif
}

} // namespace faultline
