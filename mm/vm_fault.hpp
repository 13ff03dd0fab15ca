// One fault on its way through handle_mm_fault (Linux: struct vm_fault). Private to mm/.
#pragma once

#include "mm/fault.hpp"
#include "mm/page.hpp"

namespace faultline {

struct VmFaultContext {
    MmapReadGuard& mmap_read;
    MmStruct& mm;
    VmArea& vma;
    UserAddr address; // of the page
    u32 flags;        // FaultFlag
    PteSlot* slot;
    Pte orig_pte; // the entry when the fault was looked at: whoever changes it first wins
    Page* page;   // filemap_fault's result, with a reference

    bool write() const { return (flags & FAULT_FLAG_WRITE) != 0; }
};

// The young, clean entry that shows `page` through `vma`. One place decides about WRITE: a shared mapping's entry has
// it from the start (the first write will only find it clean), a private one's only for the task's own copy.
Pte mk_pte(const Page& page, const VmArea& vma);

// Whether a page of the page cache, found there before, still is: asked with the lock held of the entry that is to show
// it. Truncation takes pages out of the cache first, and looks for their entries, once more, second: either it will find
// the entry, or this says no. (Linux holds the page's lock instead.)
bool still_cached(const Page& page); // mm/filemap.cpp

// Installs an entry for `page` where none was, taking over the caller's reference, and counts the mapping.
// Caller holds the entry's lock.
void install_pte(MmStruct& mm, UserAddr address, PteSlot* slot, Pte entry, Page& page);

} // namespace faultline
