// One fault on its way through handle_mm_fault (Linux: struct vm_fault). Private to mm/.
#pragma once

#include "mm/fault.hpp"
#include "mm/page.hpp"

namespace faultline {

struct VmFaultContext {
    ReadGuard& mmap_read;
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

// Installs an entry for `page` where none was, taking over the caller's reference, and counts the mapping.
// Caller holds page_table_lock.
void install_pte(MmStruct& mm, UserAddr address, PteSlot* slot, Pte entry, Page& page);

} // namespace faultline
