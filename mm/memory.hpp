// handle_mm_fault, and what it shares with the files that serve its cases: one fault on its way, and new entries.
#pragma once

#include "mm/fault_flags.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

// Makes the access that `flags` describes possible at `address` in `vma`: allocates, copies, fills, and sets the young
// and dirty bits in the entry. Does not check the VMA's rights: its caller does (vma_permits_fault). May sleep.
//
// Errors: OOM, SIGBUS (past the end of a file, or what has the data cannot be read), HWPOISON (the data is lost). RETRY, only with FAULT_FLAG_ALLOW_RETRY: the page
// has to be read from a device, and meanwhile the lock should be free. Give the lock up, call wait_for_page()
// (mm/page_wait.hpp), try again. (Linux mm/memory.c handle_mm_fault, which drops the lock itself.)
//
// The guard proves that the lock is held. It is not passed on, so it takes no memory: what does the work is
// handle_mm_fault_locked(), which nobody else calls.
VmFault handle_mm_fault_locked(MmStruct& mm, VmArea& vma, UserAddr address, FaultFlags flags);
inline VmFault handle_mm_fault(const MmapReadGuard& mmap_read, VmArea& vma, UserAddr address, FaultFlags flags) {
    return handle_mm_fault_locked(mmap_read.mm(), vma, address, flags);
}

// One fault on its way through handle_mm_fault (Linux: struct vm_fault).
struct VmFaultContext {
    MmStruct& mm;
    VmArea& vma;
    UserAddr address; // of the page
    FaultFlags flags;
    PteSlot* slot;
    Pte orig_pte; // the entry when the fault was looked at: whatever changes it first wins

    bool write() const { return flags.has(FAULT_FLAG_WRITE); }
};

// A flag of an entry that only a write needs.
constexpr u32 if_write(FaultFlags flags, Pte::Bit flag) {
    static_assert(FAULT_FLAG_WRITE.bits() == 1);
    return (flags & FAULT_FLAG_WRITE).bits() * flag;
}

// The entry of a page that is this task's own: writable as far as the VMA allows, and dirty because it is being written
// right now.
Pte written_private_pte(const Page& page, const VmArea& vma);

// Installs an entry for `page` where none was, and counts the mapping; the caller's reference becomes the entry's. Caller
// holds the entry's lock.
void install_pte(MmStruct& mm, UserAddr address, PteSlot* slot, Pte entry, Page& page);

// The same where the fault found nothing, if that is still so; else `page` keeps its reference, and the access is tried
// again. `cached` is the file's page that `page` is or was copied from, which may have been truncated meanwhile: then
// nothing is installed either.
void install_if_still_none(VmFaultContext& vmf, Pte entry, PageRef& page, const Page* cached = nullptr);

} // namespace faultline
