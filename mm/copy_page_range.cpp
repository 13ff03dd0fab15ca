// fork's half of the page tables: what the child's entries are, and what becomes of the parent's.
#include "mm/config.hpp"
#include "mm/memory.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

// Makes the copy and, for private memory, write-protects both sides; DIRTY stays with the parent's entry and
// goes along in the copy, so neither side forgets it. Caller holds the source's page_table_lock.
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

Result<void> copy_page_range(MmStruct& destination, MmStruct& source, const VmArea& vma) {
    if (!vma_needs_copy(vma))
        return {};
    for (UserAddr address = vma.start; address < vma.end; address += PAGE_SIZE) {
        PteSlot* source_slot = pte_offset(source, address);
        if (source_slot == nullptr) { // nothing in this table's whole range
            address = UserAddr((address.value() & PMD_MASK) + PMD_SIZE - PAGE_SIZE);
            continue;
        }
        if (!pte_present(ptep_get(source_slot)))
            continue;
        PteSlot* slot = pte_alloc(destination, address);
        if (slot == nullptr)
            return Err(Errno::NOMEM);
        Guard lock(source.page_table_lock);
        copy_present_pte(destination, source, vma, address, source_slot, slot);
    }
    return {};
}

} // namespace faultline
