// Entries that refer to something else than a page, and the list of address spaces that have some.
#include "mm/swap_pte.hpp"

#include "base/late.hpp"
#include "mm/swap_state.hpp"

namespace faultline {
namespace {

using MmList = AutoUnlinkList<MmStruct, &MmStruct::mmlist>;
constinit SpinLock mmlist_lock{"mmlist"}; // taken inside the locks of page tables
constinit Late<MmList> mmlist;

void mm_may_be_in_swap(MmStruct& mm) {
    const Guard lock(mmlist_lock);
    if (!mm.mmlist.is_linked())
        mmlist->push_back(mm);
}

// The first one from `at` on that is not being freed right now.
MmRef first_used(MmList::iterator at) REQUIRES(mmlist_lock) {
    for (; at != mmlist->end(); ++at)
        if (MmRef mm = MmRef::if_used(*at))
            return mm;
    return {};
}

} // namespace

void init_swap_ptes() { mmlist.emplace(); }

void set_swap_pte(MmStruct& mm, UserAddr address, PteSlot* slot, SwapEntry entry) {
    set_pte_at(mm.context, address, slot, swp_entry_to_pte(entry));
    if (is_hwpoison_entry(entry))
        return;
    add_mm_counter(mm, MM_SWAPENTS, 1);
    mm_may_be_in_swap(mm);
    swap_entry_settled(entry);
}

bool copy_swap_pte(MmStruct& mm, UserAddr address, PteSlot* slot, SwapEntry entry) {
    if (!swap_duplicate(entry))
        return false;
    set_swap_pte(mm, address, slot, entry);
    return true;
}

void zap_swap_pte(MmStruct& mm, SwapEntry entry) {
    if (is_hwpoison_entry(entry))
        return;
    add_mm_counter(mm, MM_SWAPENTS, -1);
    swap_free(entry);
}

void mm_is_out_of_swap(MmStruct& mm) {
    const Guard lock(mmlist_lock);
    mm.mmlist.unlink();
}

MmRef first_mm_in_swap() {
    const Guard lock(mmlist_lock);
    return first_used(mmlist->begin());
}

MmRef next_mm_in_swap(MmStruct& mm) {
    const Guard lock(mmlist_lock);
    return first_used(++mmlist->iterator_to(mm));
}

} // namespace faultline
