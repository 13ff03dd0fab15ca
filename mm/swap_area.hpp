// One swap area from the inside: its slots, and the pages that are in memory for them.
#pragma once

#include "base/intrusive.hpp"
#include "base/park.hpp"
#include "base/relaxed.hpp"
#include "base/spinlock.hpp"
#include "mm/swapfile.hpp"

namespace faultline {

// What the area knows of a slot: the next free one; or how many entries refer to it, and its page, if the cache has that.
class SwapSlot {
  public:
    static constexpr u32 COUNT_MAX = (1u << 31) - 1;

    bool in_use() const { return (bits_ & IN_USE) != 0; }
    bool has_cache() const { return page_ != nullptr; }
    Page* page() const { return page_; } // read or being read; nullptr: it is not in memory
    u32 count() const { return bits_ & COUNT_MAX; }
    u32 next_free() const { return bits_; }

    void set_free(u32 next) { bits_ = next; }
    void set_count(u32 count) { bits_ = IN_USE | count; }
    void set_page(Page* page) { page_ = page; }

  private:
    static constexpr u32 IN_USE = 1u << 31;
    u32 bits_ = 0;
    Page* page_ = nullptr;
};

struct SwapArea {
    static constexpr u32 NO_SLOT = 0; // the header's
    static constexpr u8 NO_AREA = 0xff;

    SpinLock lock{"SwapArea"};
    SwapDevice* device = nullptr;
    SwapSlot* slots GUARDED_BY(lock) = nullptr;
    u32 nr_slots GUARDED_BY(lock) = 0;
    u32 first_free GUARDED_BY(lock) = NO_SLOT;
    Relaxed<u32> pages = 0, used = 0; // slots that can be used, and are; changed with the lock held
    Relaxed<bool> accepts = false;    // pages; false: it does not, or does no longer
    Relaxed<s32> priority = 0;
    ParkQueue waiters GUARDED_BY(lock); // for a page to be read or written; swapoff, for anything to change
    u64 changes GUARDED_BY(lock) = 0;   // that swapoff should look at
    u8 order = NO_AREA;                 // of the block that `slots` is; NO_AREA: there is no area with this number

    // Something did that swapoff may be waiting for.
    void changed() REQUIRES(lock) {
        ++changes;
        if (!accepts)
            unpark_all(waiters);
    }
    SwapSlot& slot(u32 offset) REQUIRES(lock) {
        BUG_ON(offset == NO_SLOT || offset >= nr_slots || !slots[offset].in_use());
        return slots[offset];
    }
    // Whether an entry refers to the slot, which the caller knows from an entry that may be gone, like the area.
    bool accessible(u32 offset) const REQUIRES(lock) {
        return offset < nr_slots && slots[offset].in_use() && slots[offset].count() != 0;
    }
    // The page that the cache has for a slot, which may be gone, like the area; nullptr: none.
    Page* cached(u32 offset) const REQUIRES(lock) { return offset < nr_slots ? slots[offset].page() : nullptr; }
    // A slot, for one entry; NO_SLOT: none is free.
    u32 take_slot() REQUIRES(lock);
    // Nothing refers to it any more.
    void give_slot(u32 offset) REQUIRES(lock);

    // Takes the page, whose claim on the slot ends, out of the cache. The reference is the caller's, who drops it after the lock.
    [[nodiscard]] PageRef uncache(Page& page) REQUIRES(lock);
    void put_into_cache(Page& page, SwapEntry entry) REQUIRES(lock); // takes a reference of its own
};

SwapArea& swap_area(u32 type);
void init_swap_areas(); // by init_swap()

// Slots of all areas that accept pages, and those of them that are free.
inline constinit std::atomic<u32> all_slots = 0, free_slots = 0;

} // namespace faultline
