// Swap: where pages go that no file has. An area is a disk cut into slots of a page. An entry of a page table can name a slot
// instead of a page (mm/swap_entry.hpp), and so can a file of a tmpfs.
//
//   slot:  free ─► a page is in the swap cache for it ─► entries refer to it ─► free
//                  (add_to_swap, read_swap_cache)        (swap_duplicate)       (no page, no entry)
//
// The swap cache is the pages that have a slot. Whoever faults for the slot finds the page there while it is being written,
// after another process has read it, and as long as it has not changed since: then it can go again without being written.
//
// SwapArea::lock guards slots and cache. It is taken inside the locks of page tables and of files. (Linux: mm/swapfile.c,
// mm/swap_state.c.)
#pragma once

#include <atomic>

#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "mm/page_alloc.hpp"
#include "mm/swap_entry.hpp"

namespace faultline {

struct AnonVma;

// Once, before swap_on(); a test calls it again to start anew.
void init_swap();

// What is under an area. The owner keeps it until swapoff has returned.
struct SwapDevice {
    // One page to or from a slot; done when it returns. IO. Sleeps; no spin lock held.
    Result<void> (*read)(SwapDevice& device, u32 slot, Page& page) = nullptr;
    Result<void> (*write)(SwapDevice& device, u32 slot, Page& page) = nullptr;
};

inline constexpr u32 MAX_SWAPFILES = SwapEntry::TYPES - 1; // one type is left for pages that have no slot either

// Adds an area of slots [1, slots); slot 0 is its header, and those of `bad` cannot be used. Areas of a higher priority are
// filled first; below 0: each new one has less than those before (Linux: the same). Returns its number. NOMEM; PERM: there are
// MAX_SWAPFILES. The caller calls swap_on() and swap_off() one at a time.
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

// --- slots, for who writes entries ---

// A free slot, to which one entry refers; SwapEntry(): all are taken. (Linux: folio_alloc_swap.)
SwapEntry get_swap_page();

// One more entry refers to the slot of another one that stays meanwhile. False: they are too many. (Linux: the same name.)
[[nodiscard]] bool swap_duplicate(SwapEntry entry);

// An entry that shows a page of the cache is about to refer to its slot instead. SwapEntry(): the page has none any more, its area
// is being given up, or as above. The caller has isolated the page: it gets no other slot.
SwapEntry swap_duplicate_of(const Page& page);

// One fewer. With the last one the slot is free, and its page leaves the cache, unless it is mapped or on its way from or to
// the disk. (Linux: free_swap_and_cache.)
void swap_free(SwapEntry entry);

// An entry that has taken its claim can be found now: swapoff may be waiting for it. Callable with all other locks held.
void swap_entry_settled(SwapEntry entry);

// How many entries refer to the slot of an entry whose lock the caller holds; at least 1. (Linux: the same name.)
u32 swp_swapcount(SwapEntry entry);

// One page to or from a slot that the caller keeps. IO. Sleeps. (Linux: swap_readpage, swap_writepage.)
Result<void> read_slot(SwapEntry entry, Page& page);
Result<void> write_slot(SwapEntry entry, Page& page);

// --- the cache ---

// The anonymous page gets a slot; it is PG_SWAPCACHE then, and dirty. False: there is no slot. The caller has a reference, and
// has isolated the page (mm/lru.hpp). (Linux: the same name.)
[[nodiscard]] bool add_to_swap(Page& page);

// The page of a slot, if it is in memory and has its data; waits for one that is being read. (Linux: the same name.)
PageRef lookup_swap_cache(SwapEntry entry);

// The same; reads it if it was not there. NOMEM; IO; AGAIN: no entry refers to the slot any more. Sleeps. (Linux:
// read_swap_cache_async.)
Result<PageRef> read_swap_cache(SwapEntry entry);

// An entry for the slot is about to show the page, which takes the place of the entry's claim on the slot. On return the page
// counts one mapping more, is PG_ANON at `index` of `family`, and PG_ANON_EXCLUSIVE if nobody else refers to it or to the slot.
// With `write`, or if swap is short, such a page gives up its slot. False: it is not the page of the slot any more; nothing has
// changed. Caller holds the entry's lock.
struct SwappedIn {
    AnonVma* family;
    u32 index;
    bool write;
};
bool map_swap_cache(SwapEntry entry, Page& page, const SwappedIn& how);

// The page leaves the cache, and its slot is free, if no entry refers to the slot; not while it is being written. Caller keeps
// the page. (Linux: the same name.)
void try_to_free_swap(Page& page);

// Writes the page of the cache to its slot; it is clean then. IO: it stays dirty. Sleeps. The caller keeps the page. (Linux:
// swap_writepage.)
Result<void> write_swap_cache(Page& page);

// The page leaves the cache if the cache and the caller have its only references and it is clean: it can be freed. Its slot stays
// for the entries that refer to it. (Linux: __remove_mapping.)
[[nodiscard]] bool remove_from_swap_cache(Page& page);

// In pages: in the cache now; read and written since boot (/proc/vmstat: pswpin, pswpout).
struct SwapStat {
    std::atomic<u32> nr_swapcached = 0, pswpin = 0, pswpout = 0;
};
inline constinit SwapStat swap_stat;

} // namespace faultline
