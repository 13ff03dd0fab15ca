// The swap cache: the pages that have a slot. Whoever faults for the slot finds the page there while it is being written, after
// another process has read it, and as long as it has not changed since: then it can go again without being written. (Linux:
// mm/swap_state.c.)
#pragma once

#include "mm/swapfile.hpp"

namespace faultline {

struct AnonVma;

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

// The page is PG_HWPOISON. The first waits for a transfer; when it returns, no further entry will show the page. The second takes
// the page out of the cache if it need not stay: no entry refers to its slot, or the slot has the data. Otherwise it stays to tell
// those who come for it. Sleep. The caller keeps the page, which may be in the cache or not. (Linux: me_swapcache_dirty and
// me_swapcache_clean.)
void settle_poisoned_in_swap_cache(Page& page);
void drop_poisoned_from_swap_cache(Page& page);

// The page leaves the cache if the cache and the caller have its only references and it is clean: it can be freed. Its slot stays
// for the entries that refer to it. (Linux: __remove_mapping.)
[[nodiscard]] bool remove_from_swap_cache(Page& page);

// --- entries that refer to a slot whose page may be here ---

// An entry that shows a page of the cache is about to refer to its slot instead. SwapEntry(): the page has none any more, its area
// is being given up, or as above. The caller has isolated the page: it gets no other slot.
SwapEntry swap_duplicate_of(const Page& page);

// One entry fewer refers to the slot. With the last one the slot is free, and its page leaves the cache, unless it is mapped or on its way from or to
// the disk. (Linux: free_swap_and_cache.)
void swap_free(SwapEntry entry);

} // namespace faultline
