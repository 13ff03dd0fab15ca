// Copy on write. (Linux mm/memory.c do_wp_page and what it calls.)
#pragma once

#include "mm/memory.hpp"

namespace faultline {

// Whether the page is anonymous and this entry's alone, so that a write needs no copy. A page that was shared is so again
// when nobody else refers to it any more: not even a reader who took it from a child that is gone (CVE-2020-29374). Caller
// holds the lock of an entry that shows the page.
inline bool can_reuse_anon(const Page& page) {
    return page.test(PG_ANON) && (page.test(PG_ANON_EXCLUSIVE) || page_count(page) == 1);
}

// Serves a write to a present entry without WRITE: copy on write, a shared page that was write-protected to be
// cleaned, or a private mapping that may not be written at all (get_user_pages with FOLL_FORCE, fixup_user_fault_2011):
// the copy is then dirty, and its entry still without WRITE. OOM.
VmFault do_wp_page(VmFaultContext& vmf);

} // namespace faultline
