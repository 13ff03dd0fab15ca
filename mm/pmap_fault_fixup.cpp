// What the entry alone can tell about a fault. page_table_lock keeps the table: no VMA is looked at.
#include "mm/pmap_fault_fixup.hpp"

#include "mm/pgtable.hpp"

namespace faultline {

bool pmap_fault_fixup(MmStruct& mm, UserAddr address, FaultInfo fault) {
    const Guard tables(mm.page_table_lock);
    PteSlot* slot = pte_offset(mm, address);
    if (slot == nullptr)
        return false;
    const Guard lock(pte_lockptr(slot));
    const Pte entry = ptep_get(slot);
    if (!pte_present(entry) || !pte_user(entry) || (fault.write() && !pte_write(entry)) ||
        (fault.execute() && !pte_exec(entry)))
        return false;
    const Pte repaired = fault.write() ? pte_mkdirty(pte_mkyoung(entry)) : pte_mkyoung(entry);
    if (!ptep_set_access_flags(mm.context, address, slot, repaired, fault.write()))
        flush_tlb_fix_spurious_fault(mm.context, address);
    return true;
}

} // namespace faultline
