// What reclaim does with one page that it has taken out of a list. (Linux: shrink_folio_list, mm/vmscan.c.)
//
//   page           found used since  not needed by anybody      dirty
//   ──────────────────────────────────────────────────────────────────────────────────────────────
//   of a disk      it becomes        its entries are emptied,   it is written first, with those behind it
//   of a tmpfs     active            it leaves its cache, and   each is: it has no other place (mm/shmem_swap.hpp)
//   anonymous                        is free                    it is written to its slot (mm/swap_state.hpp), unless MADV_FREE
#pragma once

#include "mm/lru.hpp"

namespace faultline {

// Looks at an inactive page, and frees it if nothing is against it. Returns whether it did. Sleeps; caller as for
// try_to_free_pages().
bool shrink_page(IsolatedPage page);

// An active page gets old: only if it is used again does it become active again. (Linux: shrink_active_list.)
void deactivate_page(IsolatedPage page);

} // namespace faultline
