// Swap: where pages go that no file has. An area is a disk cut into slots of a page. An entry of a page table can name a slot
// instead of a page (mm/swap_entry.hpp), and so can a file of a tmpfs. The pages that have a slot are in the swap cache
// (mm/swap_state.hpp).
//
//   slot:  free ─► a page is in the swap cache for it ─► entries refer to it ─► free
//                  (add_to_swap, read_swap_cache)        (swap_duplicate)       (no page, no entry)
//
// SwapArea::lock guards slots and cache. It is taken inside the locks of page tables and of files. (Linux: mm/swapfile.c.)
#pragma once

#include <atomic>

#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "mm/page_alloc.hpp"
#include "mm/swap_entry.hpp"

namespace faultline {

// Once, before swap_on(); a test calls it again to start anew.
void init_swap();

// What is under an area. The owner keeps it until swapoff has returned.
struct SwapDevice {
    // One page to or from a slot; done when it returns. IO. Sleeps; no spin lock held.
    Result<void> (*read)(SwapDevice& device, u32 slot, Page& page) = nullptr;
    Result<void> (*write)(SwapDevice& device, u32 slot, Page& page) = nullptr;
};

inline constexpr u32 MAX_SWAPFILES = SwapEntry::HWPOISON; // types below this one

// Adds an area of slots [1, slots); slot 0 is its header, and those of `bad` cannot be used. Areas of a higher priority are
// filled first; below 0: each new one has less than those before (Linux: the same). Returns its number. NOMEM; PERM: there are
// MAX_SWAPFILES. The caller calls swap_on() and swap_off() one at a time.
inline constexpr u32 SWAP_SLOTS_MAX = 1u << 19; // of an area: 2 GiB. What is behind them stays unused (as in Linux)
struct SwapHeader {
    u32 slots = 0;
    const u32* bad = nullptr;
    u32 nr_bad = 0;
};
Result<u32> swap_on(SwapDevice& device, const SwapHeader& header, s32 priority);

// Brings all pages of the area back into memory, and removes it. NOMEM: there is not enough memory; INTR; IO: a slot cannot be
// read. Then the area is as it was. Sleeps, for long; no lock held.
Result<void> swap_off(u32 type);

// An area as it is now, for /proc/swaps. False: there is none with this number.
struct SwapInfo {
    const SwapDevice* device;
    u32 pages, used; // of slots that can be used
    s32 priority;
};
bool swap_info(u32 type, SwapInfo& info);

// All areas together, in pages; exact while none is added or removed. (Linux: the same names.)
u32 total_swap_pages();
u32 nr_swap_pages(); // free

// Whether a page can be given a slot now.
inline bool can_swap() { return nr_swap_pages() != 0; }

// --- slots, for who writes entries. What concerns an entry of a lost page (is_hwpoison_entry) does nothing ---

// A free slot, to which one entry refers; SwapEntry(): all are taken. (Linux: folio_alloc_swap.)
SwapEntry get_swap_page();

// One more entry refers to the slot of another one that stays meanwhile. False: they are too many. (Linux: the same name.)
[[nodiscard]] bool swap_duplicate(SwapEntry entry);

// An entry that has taken its claim can be found now: swapoff may be waiting for it. Callable with all other locks held.
void swap_entry_settled(SwapEntry entry);

// How many entries refer to the slot of an entry whose lock the caller holds; at least 1. (Linux: the same name.)
u32 swp_swapcount(SwapEntry entry);

// One page to or from a slot that the caller keeps. IO. Sleeps. (Linux: swap_readpage, swap_writepage.)
Result<void> read_slot(SwapEntry entry, Page& page);
Result<void> write_slot(SwapEntry entry, Page& page);

// In pages: in the cache now; read and written since boot (/proc/vmstat: pswpin, pswpout).
struct SwapStat {
    std::atomic<u32> nr_swapcached = 0, pswpin = 0, pswpout = 0;
};
inline constinit SwapStat swap_stat;

} // namespace faultline
