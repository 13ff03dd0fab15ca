// Reclaim: what gives memory back when there is little. (Linux: mm/vmscan.c.)
//
//   alloc_page(GFP_USER) ── free < low ──► wakeup_kswapd        kswapd: until free >= high
//           └────────────── free < min ──► try_to_free_pages    the task that needs the page: SWAP_CLUSTER_MAX pages
//                                                 │
//                            the oldest page of the inactive list (mm/lru.hpp)
//               ┌─────────────────────┬───────────┴──────────┬──────────────────────┐
//         used since: active     dirty: written         in use: later        else: unmapped, and freed
#pragma once

#include <atomic>

#include "base/relaxed.hpp"
#include "base/types.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

inline constexpr u32 SWAP_CLUSTER_MAX = 32; // pages that one reclaim frees (Linux: the same name)

// Once, before the first page is reclaimed; a test calls it again to start anew.
void init_vmscan();

// Pages in the buddy lists, at which something begins or ends. (Linux: the same names; min is /proc/sys/vm/min_free_kbytes.)
struct Watermarks {
    Relaxed<u32> min = 0;  // below: who needs a page for a program first frees some
    Relaxed<u32> low = 0;  // below: kswapd begins
    Relaxed<u32> high = 0; // from here on kswapd sleeps
};
inline constinit Watermarks watermarks;

// Sets the watermarks: min as told, the others a quarter and a half above it. And the `min` that suits this machine, in
// kibibytes. (Linux: setup_per_zone_wmarks, calculate_min_free_kbytes.)
void set_min_free_kbytes(u32 kbytes);
u32 min_free_kbytes();
u32 calculate_min_free_kbytes();

// Frees pages, as many as asked, or fewer if there are no more to be had; returns how many. Sleeps: writes dirty pages. The
// caller holds no lock but an mmap lock for reading. The first counts as direct reclaim, the second is kswapd's.
u32 try_to_free_pages(u32 wanted);
u32 balance_pgdat();

// Frees the page now if nobody uses it, after it was written if it must be. Callers as above. (Linux: reclaim_pages.)
void reclaim_page(PageRef page);

// How many of 200 looks are for pages that go to swap, if both kinds can be had; at most 200. (Linux: the same name.)
inline constinit Relaxed<u32> vm_swappiness = 60;

// Whether so many attempts in a row have freed nothing that there should be none before an allocation fails. One that frees
// something changes that. (Linux: kswapd_failures, MAX_RECLAIM_RETRIES.)
bool reclaim_is_hopeless();

// Since boot, in pages; /proc/vmstat has them under these names.
struct VmscanStat {
    std::atomic<u32> pgscan_kswapd = 0, pgscan_direct = 0, pgsteal_kswapd = 0, pgsteal_direct = 0;
    std::atomic<u32> pgscan_anon = 0, pgscan_file = 0, pgsteal_anon = 0, pgsteal_file = 0;
    std::atomic<u32> pgrefill = 0, pgactivate = 0, pgdeactivate = 0;
    std::atomic<u32> allocstall = 0, pageoutrun = 0; // how often, not pages
};
inline constinit VmscanStat vmscan_stat;

} // namespace faultline
