// Finds out where the page is to come from, and brings it in.
#include "mm/page_wait.hpp"

#include <algorithm>

#include "mm/filemap.hpp"
#include "mm/page_writeback.hpp"
#include "mm/pgtable.hpp"
#include "mm/swap_state.hpp"

namespace faultline {
namespace {

// Where a page comes from.
struct Source {
    SwapEntry swapped{}; // this slot; SwapEntry(): none
    MappingRef
        mapping{}; // else this file, which stays if the VMA goes; none: anonymous memory, for which nobody need wait
    u32 index = 0, read_ahead = 1; // pages
};

Source source_of(const VmArea& vma, UserAddr address) {
    if (const PteSlot* slot = pte_offset(*vma.mm, address))
        if (const SwapEntry swapped = swap_slot_of(ptep_get(slot)); swapped != SwapEntry())
            return {.swapped = swapped};
    if (vma.anonymous())
        return {};
    Source source{.mapping = MappingRef::of(*vma.mapping), .index = linear_page_index(vma, address)};
    if (!vma.flags.has(VM_RAND_READ))
        source.read_ahead = std::max(u32{vma.mapping->ra_pages}, source.read_ahead);
    return source;
}

void read_from_file(const Source& source) {
    AddressSpace& mapping = *source.mapping;
    PageRef page = find_get_page(mapping, source.index);
    bool major = false;
    if (!page)
        static_cast<void>(read_cache_page(mapping, source.index, page, major, source.read_ahead));
    if (mapping_can_writeback(mapping))
        balance_dirty_pages(mapping); // the fault may have come here for that
}

} // namespace

bool wait_for_page(MmStruct& mm, UserAddr address) {
    Source source;
    {
        const MmapReadGuard mmap_read(mm);
        const FoundVma vma = vma_lookup(mmap_read, address);
        if (!vma)
            return false;
        source = source_of(*vma, address);
    }
    if (source.swapped != SwapEntry())
        static_cast<void>(read_swap_cache(source.swapped)); // what goes wrong, the next attempt finds out
    else if (source.mapping)
        read_from_file(source);
    return true;
}

} // namespace faultline
