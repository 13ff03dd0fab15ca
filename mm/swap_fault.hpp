// A fault for a page that is in swap.
#pragma once

#include "mm/memory.hpp"

namespace faultline {

// Serves a fault for an entry that refers to a slot of swap. OOM; SIGBUS: the slot cannot be read; HWPOISON:
// the page is lost; RETRY, as handle_mm_fault(). (Linux: the same name.)
VmFault do_swap_page(VmFaultContext& vmf);

// madvise(MADV_WILLNEED): reads what is in swap of the page range into the cache. Errors are left to who needs the pages; a fatal
// signal ends it. (Linux: swapin_walk_pmd_entry.)
void swapin_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end);

} // namespace faultline
