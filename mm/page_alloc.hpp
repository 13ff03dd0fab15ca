// The buddy allocator: blocks of 2^order page frames.
#pragma once

#include "mm/page.hpp"

namespace faultline {

inline constexpr u32 MAX_ORDER = 11; // orders 0 … 10: up to 4 MiB

// Builds the page array inside [free_start, free_end) (physical, the RAM not used yet) and frees the rest of that
// range. Once, at boot, before any other function here; panics if the range is too small for the array.
void init_page_allocator(PhysAddr free_start, PhysAddr free_end);

// Gives the allocator a range that was reserved so far (the initramfs after unpacking). Whole pages inside it.
void free_reserved_range(PhysAddr start, PhysAddr end);

// 2^order physically contiguous pages with one reference on the first, contents undefined; nullptr if there are
// none (after asking shrink_caches). Callable with spin locks held, not from interrupts.
[[nodiscard]] Page* alloc_pages(u32 order);
[[nodiscard]] inline Page* alloc_page() { return alloc_pages(0); }
[[nodiscard]] Page* alloc_zeroed_page();

// Frees a block by its first page and order; its reference count must be zero, mapcount zero (panics otherwise).
void free_pages(Page& page, u32 order);

// Free frames: in the buddy lists, in the CPUs' own stacks, and all that shrink_caches would give back. Exact when
// nobody allocates or frees meanwhile.
u32 nr_free_pages();
u32 nr_total_pages(); // managed by the allocator since boot

// Returns unused slab pages to the buddy lists (Linux: drop_caches); how many came back.
u32 shrink_caches();

} // namespace faultline
