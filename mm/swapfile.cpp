// Areas come and go, and are filled in the order of their priorities.
#include "mm/swapfile.hpp"

#include <algorithm>
#include <array>
#include <new>

#include "base/trace.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/swap_area.hpp"
#include "mm/swap_pte.hpp"
#include "mm/swapoff.hpp"

namespace faultline {
namespace {

// The areas that accept pages, best first. Changed by swap_on() and swap_off(), which are called one at a time; a reader may
// meanwhile try one twice, or miss one.
constinit std::array<Relaxed<u32>, MAX_SWAPFILES> by_priority;
constinit Relaxed<u32> nr_by_priority = 0;
constinit s32 least_priority = -1; // of the areas that were given none (Linux: the same name)

void count(std::atomic<u32>& counter, u32 more) { counter.fetch_add(more, std::memory_order_relaxed); }

// On a machine of 32 bits; the models' areas are small.
static_assert(sizeof(void*) > 4 || SWAP_SLOTS_MAX * sizeof(SwapSlot) <= PAGE_SIZE << (MAX_ORDER - 1));

u32 order_for(u32 slots) {
    u32 order = 0;
    while ((PAGE_SIZE << order) / sizeof(SwapSlot) < slots)
        ++order;
    return order;
}

// All slots are free that can be.
void chain_slots(SwapArea& area, const SwapHeader& header) REQUIRES(area.lock) {
    for (u32 slot = 0; slot < header.nr_bad; ++slot)
        if (header.bad[slot] < header.slots)
            area.slots[header.bad[slot]].set_count(1);
    u32 next = SwapArea::NO_SLOT, pages = 0;
    for (u32 slot = header.slots - 1; slot != SwapArea::NO_SLOT; --slot) {
        if (area.slots[slot].in_use())
            continue;
        area.slots[slot].set_free(next);
        next = slot;
        ++pages;
    }
    area.first_free = next;
    area.pages = pages;
    area.used = 0;
}

void accept_pages(u32 type, SwapArea& area) {
    const Guard lock(area.lock); // how many are used does not change meanwhile
    area.accepts = true;
    u32 at = nr_by_priority;
    for (; at != 0 && swap_area(by_priority[at - 1]).priority < area.priority; --at)
        by_priority[at] = u32{by_priority[at - 1]};
    by_priority[at] = type;
    nr_by_priority = nr_by_priority + 1;
    count(all_slots, area.pages);
    count(free_slots, area.pages - area.used);
}

void refuse_pages(u32 type, SwapArea& area) {
    const Guard lock(area.lock); // how many are used does not change meanwhile
    area.accepts = false;
    u32 kept = 0;
    for (u32 at = 0; at < nr_by_priority; ++at)
        if (by_priority[at] != type)
            by_priority[kept++] = u32{by_priority[at]};
    nr_by_priority = kept;
    count(all_slots, 0 - area.pages);
    count(free_slots, area.used - area.pages);
}

} // namespace

void init_swap() {
    init_swap_areas();
    init_swap_ptes();
    init_shmem_swap();
    nr_by_priority = 0;
    least_priority = -1;
    for (auto* counter : {&free_slots, &all_slots, &swap_stat.nr_swapcached, &swap_stat.pswpin, &swap_stat.pswpout})
        counter->store(0, std::memory_order_relaxed);
}

Result<u32> swap_on(SwapDevice& device, const SwapHeader& header, s32 priority) {
    const u32 order = order_for(header.slots);
    u32 type = 0;
    while (type < MAX_SWAPFILES && swap_area(type).order != SwapArea::NO_AREA)
        ++type;
    if (type == MAX_SWAPFILES)
        return Err(Errno::PERM);
    Page* block = order < MAX_ORDER ? alloc_pages(order) : nullptr;
    if (block == nullptr)
        return Err(Errno::NOMEM);
    SwapArea& area = swap_area(type);
    area.order = static_cast<u8>(order);
    area.device = &device;
    area.priority = priority >= 0 ? priority : --least_priority;
    {
        const Guard lock(area.lock);
        area.slots = static_cast<SwapSlot*>(page_address(*block));
        for (u32 slot = 0; slot < header.slots; ++slot)
            new (&area.slots[slot]) SwapSlot();
        area.nr_slots = header.slots;
        chain_slots(area, header);
    }
    accept_pages(type, area);
    return type;
}

Result<void> swap_off(u32 type) {
    SwapArea& area = swap_area(type);
    refuse_pages(type, area);
    if (const auto emptied = try_to_unuse(type); !emptied) {
        accept_pages(type, area);
        return emptied;
    }
    Page* block = nullptr;
    {
        const Guard lock(area.lock);
        block = &virt_to_page(std::exchange(area.slots, nullptr));
        area.nr_slots = 0;
    }
    area.order = SwapArea::NO_AREA;
    put_page(*block);
    return {};
}

bool swap_info(u32 type, SwapInfo& info) {
    const SwapArea& area = swap_area(type);
    info = {area.device, area.pages, area.used, area.priority};
    return area.order != SwapArea::NO_AREA;
}

u32 total_swap_pages() { return all_slots.load(std::memory_order_relaxed); }
u32 nr_swap_pages() { return free_slots.load(std::memory_order_relaxed); }

SwapEntry get_swap_page() {
    for (u32 at = 0; at < nr_by_priority; ++at) {
        const u32 type = by_priority[at];
        SwapArea& area = swap_area(type);
        const Guard lock(area.lock);
        if (const u32 slot = area.take_slot(); slot != SwapArea::NO_SLOT)
            return SwapEntry(type, slot);
    }
    return {};
}

bool swap_duplicate(SwapEntry entry) {
    if (is_hwpoison_entry(entry))
        return true;
    SwapArea& area = swap_area(entry.type());
    const Guard lock(area.lock);
    SwapSlot& slot = area.slot(entry.offset());
    if (slot.count() == SwapSlot::COUNT_MAX)
        return false;
    slot.set_count(slot.count() + 1);
    return true;
}

void swap_entry_settled(SwapEntry entry) {
    if (is_hwpoison_entry(entry))
        return;
    SwapArea& area = swap_area(entry.type());
    const Guard lock(area.lock);
    area.changed();
}

u32 swp_swapcount(SwapEntry entry) {
    SwapArea& area = swap_area(entry.type());
    const Guard lock(area.lock);
    return area.slot(entry.offset()).count();
}

Result<void> read_slot(SwapEntry entry, Page& page) {
    SwapDevice& device = *swap_area(entry.type()).device;
    TRY_VOID(device.read(device, entry.offset(), page));
    count(swap_stat.pswpin, 1);
    return {};
}

Result<void> write_slot(SwapEntry entry, Page& page) {
    SwapDevice& device = *swap_area(entry.type()).device;
    TRY_VOID(device.write(device, entry.offset(), page));
    TRACE(SwappedOut, page_to_pfn(page), entry.offset());
    count(swap_stat.pswpout, 1);
    return {};
}

} // namespace faultline
