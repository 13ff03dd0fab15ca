// Copy on write. (Linux mm/memory.c do_wp_page and what it calls.)
#pragma once

#include "base/trace.hpp"
#include "mm/memory.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

// Whether the page is anonymous and this entry's alone, so that a write needs no copy. A page that was shared becomes
// so again when this entry has the only reference: get_user_pages may have given another one to a reader
// (CVE-2020-29374). Caller holds the lock of an entry that shows the page.
inline bool can_reuse_anon(const Page& page) {
    return page.test(PG_ANON) && (page.test(PG_ANON_EXCLUSIVE) || page_count(page) == 1);
}

// The page may be written where it is: only the entry was against it. Makes the entry young and dirty, and writable as far
// as the VMA allows. Caller holds its lock, under which it is still vmf.orig_pte. (Linux: the same name.)
[[gnu::always_inline]] inline void wp_page_reuse(VmFaultContext& vmf) {
    const Pte entry = maybe_mkwrite(pte_mkdirty(pte_mkyoung(vmf.orig_pte)), vmf.vma);
    TRACE(Reused, vmf.address, vmf.orig_pte, entry);
    ptep_set_access_flags(vmf.mm.context, vmf.address, vmf.slot, entry, true);
}

// Serves a write to a present entry without WRITE: copy on write, a shared page that was write-protected to be
// cleaned, or a private mapping that may not be written at all (get_user_pages with FOLL_FORCE, fixup_user_fault_2011):
// the copy is then dirty, and its entry still without WRITE. OOM.
VmFault do_wp_page(VmFaultContext& vmf);

} // namespace faultline
