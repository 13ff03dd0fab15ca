// fork's half of the page tables: what the child's entries are, and what becomes of the parent's.
#include "mm/config.hpp"
#include "mm/memory.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

// Makes the copy and, for private memory, write-protects both sides; DIRTY stays with the parent's entry and
// goes along in the copy, so neither side forgets it. Caller holds both entries' locks.
void copy_present_pte(MmStruct& destination, MmStruct& source, const VmArea& vma, UserAddr address,
                      PteSlot* source_slot, PteSlot* slot) {
    if (!vma.shared() && pte_write(ptep_get(source_slot)))
        ptep_set_wrprotect(source.context, address, source_slot);
    Pte pte = pte_mkold(ptep_get(source_slot));
    if (vma.shared())
        pte = pte_mkclean(pte);
    if (Page* page = vm_normal_page(pte)) {
        get_page(*page);
        page_add_rmap(destination, *page);
    }
    set_pte_at(destination.context, address, slot, pte);
}

// Linux leaves shared mappings to the child's own faults (vma_needs_copy): the page cache still has every
// page.
bool vma_needs_copy(const VmArea& vma) {
    return (vma.flags & VM_WIPEONFORK) == 0 && (!vma.shared() || mm_config.fork_copy_shared);
}

} // namespace

namespace {

// The part of a range that one table covers.
UserAddr end_of_table(UserAddr address, UserAddr end) {
    const UserAddr next((address.value() & PMD_MASK) + PMD_SIZE);
    return next < end ? next : end;
}

// Copies [address, end), which one table covers on each side. Nothing becomes present in the source meanwhile: faults are
// excluded. Truncation, which is not, finds the child's VMA too: so both entries' locks are needed.
Result<void> copy_pte_range(MmStruct& destination, MmStruct& source, const VmArea& vma, UserAddr address,
                            UserAddr end) {
    PteSlot* from = pte_offset(source, address);
    if (from == nullptr)
        return {};
    for (; !pte_present(ptep_get(from)); ++from) {
        address += PAGE_SIZE;
        if (address == end)
            return {}; // no table in the child for nothing
    }
    PteSlot* to = pte_alloc(destination, address);
    if (to == nullptr)
        return Err(Errno::NOMEM);
    const BothLocked locks(pte_lockptr(from), pte_lockptr(to));
    for (; address < end; address += PAGE_SIZE, ++from, ++to)
        if (pte_present(ptep_get(from)))
            copy_present_pte(destination, source, vma, address, from, to);
    return {};
}

} // namespace

Result<void> copy_page_range(MmStruct& destination, MmStruct& source, const VmArea& vma) {
    if (!vma_needs_copy(vma))
        return {};
    for (UserAddr address = vma.start; address < vma.end;) {
        const UserAddr stop = end_of_table(address, vma.end);
        TRY_VOID(copy_pte_range(destination, source, vma, address, stop));
        address = stop;
    }
    return {};
}

} // namespace faultline
