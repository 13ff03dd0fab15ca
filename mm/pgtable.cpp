// The tables themselves: made when the first entry needs one, freed when the last VMA over them goes. Also the block
// that a back end needs per address space.
#include "mm/pgtable.hpp"

#include "arch/contract/page_supply.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {
namespace {

PteTable* alloc_table() {
    PageRef page = alloc_zeroed_page(GFP_KERNEL); // all entries none, all descriptors invalid
    if (!page)
        return nullptr;
    page->set(PG_TABLE);
    new (&page->ptl) SpinLock("pte_lock");
    return static_cast<PteTable*>(page_address(*page.release()));
}

void free_table(PteTable* table) {
    Page& page = virt_to_page(table);
    page.clear(PG_TABLE);
    put_page(page);
}

} // namespace

PteSlot* pte_alloc_table(MmStruct& mm, UserAddr address) {
    PteTable* table = alloc_table();
    if (table == nullptr)
        return nullptr;
    {
        const Guard guard(mm.page_table_lock);
        if (pte_table(mm, address) == nullptr) {
            pmd_populate(mm.context, address, *table);
            mm.pgd_in_use.set(pgd_index(address));
            ++mm.nr_ptes;
            table = nullptr;
        }
    }
    if (table != nullptr)
        free_table(table); // another fault was faster
    return pte_offset(mm, address);
}

void free_pgtables(MmStruct& mm, UserAddr floor, UserAddr ceiling) {
    const u32 first = (floor.value() + PMD_SIZE - 1) >> PMD_SHIFT;
    const u32 last = ceiling.value() >> PMD_SHIFT;
    List<Page, &Page::lru> unlinked;
    u32 lowest = last, highest = first;
    for (u32 index = mm.pgd_in_use.find_next_bit(first, last); index < last;
         index = mm.pgd_in_use.find_next_bit(index + 1, last)) {
        PteTable* table = mm.pgd->tables[index];
        const Guard guard(mm.page_table_lock); // against pmap_fault_fixup
        pmd_clear(mm.context, UserAddr(index << PMD_SHIFT));
        mm.pgd_in_use.clear(index);
        --mm.nr_ptes;
        unlinked.push_back(virt_to_page(table));
        if (index < lowest)
            lowest = index;
        highest = index;
    }
    if (unlinked.empty())
        return;
    // A TLB may cache the first-level descriptor even if it holds no entry of the table (ARM ARM B3.10.1).
    flush_tlb_range(mm.context, UserAddr(lowest << PMD_SHIFT), UserAddr((highest + 1) << PMD_SHIFT));
    while (!unlinked.empty()) {
        Page& page = unlinked.front();
        unlinked.pop_front();
        free_table(static_cast<PteTable*>(page_address(page)));
    }
}

namespace {
constexpr u32 HARDWARE_DIRECTORY_ORDER = 1; // 8 KiB, and as every block aligned to its size
}

void* alloc_hardware_directory() {
    Page* page = alloc_pages(HARDWARE_DIRECTORY_ORDER);
    if (page == nullptr)
        return nullptr;
    for (u32 i = 0; i < 1u << HARDWARE_DIRECTORY_ORDER; ++i)
        clear_page(page_address((page)[i]));
    return page_address(*page);
}

void free_hardware_directory(void* directory) {
    Page& page = virt_to_page(directory);
    BUG_ON(page.order() != HARDWARE_DIRECTORY_ORDER);
    put_page(page);
}

} // namespace faultline
