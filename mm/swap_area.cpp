// Slots taken and given back, and pages put into the cache of their area and taken out. Free slots are chained, so that taking one
// costs the same however many there are.
#include "mm/swap_area.hpp"

#include <array>

#include "base/late.hpp"

namespace faultline {
namespace {

constinit Late<std::array<SwapArea, MAX_SWAPFILES>> swap_areas;

} // namespace

void init_swap_areas() { swap_areas.emplace(); }
SwapArea& swap_area(u32 type) { return (*swap_areas)[type]; }

u32 SwapArea::take_slot() {
    const u32 offset = first_free;
    if (offset == NO_SLOT || !accepts)
        return NO_SLOT;
    first_free = slots[offset].next_free();
    slots[offset].set_count(1);
    used = used + 1;
    free_slots.fetch_sub(1, std::memory_order_relaxed);
    return offset;
}

void SwapArea::give_slot(u32 offset) {
    slots[offset].set_free(first_free);
    first_free = offset;
    used = used - 1;
    changed();
    if (accepts)
        free_slots.fetch_add(1, std::memory_order_relaxed);
}

void SwapArea::put_into_cache(Page& page, SwapEntry entry) {
    page.swap = entry.bits();
    page.set(PG_SWAPCACHE);
    get_page(page);
    slot(entry.offset()).set_page(&page);
    swap_stat.nr_swapcached.fetch_add(1, std::memory_order_relaxed);
}

PageRef SwapArea::uncache(Page& page) {
    const u32 offset = SwapEntry::from_bits(page.swap).offset();
    page.mapping.store(nullptr, std::memory_order_relaxed); // the entry was in its place
    page.clear(PG_SWAPCACHE);
    slot(offset).set_page(nullptr);
    if (slot(offset).count() == 0)
        give_slot(offset);
    else
        changed();
    swap_stat.nr_swapcached.fetch_sub(1, std::memory_order_relaxed);
    return PageRef(&page);
}

} // namespace faultline
