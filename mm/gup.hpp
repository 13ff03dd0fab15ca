// Reaching another's pages from the kernel: get_user_pages, which takes the page, and fixup_user_fault, which makes
// the access possible. That these are not the same thing is what this project is about.
#pragma once

#include "base/result.hpp"
#include "mm/fault_flags.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

using FollFlags = Flags<struct FollFlagsTag>;
inline constexpr FollFlags FOLL_NONE{};            // ours: a read
inline constexpr FollFlags FOLL_WRITE{0x1};        // the entry must have WRITE (Linux)
inline constexpr FollFlags FOLL_TOUCH{0x2};        // mark the *page* accessed, and dirty for a write (Linux)
inline constexpr FollFlags FOLL_GET{0x4};          // take a reference on each page (Linux)
inline constexpr FollFlags FOLL_FORCE{0x10};       // whatever the VMA's rights are, as a debugger may (Linux)
inline constexpr FollFlags FOLL_HWPOISON{0x100};   // a lost page is HWPOISON, not FAULT (Linux)
inline constexpr FollFlags FOLL_ACCESSIBLE{0x800}; // ours, fault_in=gup_dirty: the entry must also be young, and dirty

// The page that `address` shows, with a reference, if its entry is present (and has WRITE for FOLL_WRITE); else none.
// An entry that is old or clean is good enough: nothing in it is looked at or changed but presence and WRITE, unless
// FOLL_ACCESSIBLE. (Linux mm/gup.c follow_page.)
PageRef follow_page(const MmapReadGuard& mmap_read, UserAddr address, FollFlags flags);

// Takes `nr_pages` pages from `start` on, faulting in what follow_page does not find. `pages` receives them, with a
// reference each, unless it is nullptr. Returns how many, at least 1, or: FAULT (no VMA, the VMA forbids it, SIGBUS, or
// poison), NOMEM, INTR (fatal signal), HWPOISON (with FOLL_HWPOISON).
//
// With FOLL_FORCE the VMA need not grant the access. A read needs VM_MAYREAD. A write needs a mapping whose pages
// become the task's own when they are written (is_cow_mapping): it breaks the sharing as a write of the program would,
// but the entry does not get WRITE, so the program's own writes go on faulting. The page may be written while the mmap
// lock is held; a fork after that shares it again. Offers to reschedule before each page. Never gives the lock up.
// (Linux 6.1 mm/gup.c __get_user_pages.)
Result<u32> get_user_pages(const MmapReadGuard& mmap_read, UserAddr start, u32 nr_pages, FollFlags flags,
                           PageRef* pages);

// Resolves a user fault at exactly `address` as the user's own access would: always calls handle_mm_fault, so the young
// and dirty bits of the *entry* are set and a stale TLB entry of this CPU goes.
//
// `flags`: FAULT_FLAG_WRITE for a write; with FAULT_FLAG_KILLABLE a fatal signal ends it; with FAULT_FLAG_ALLOW_RETRY a
// page is waited for with the lock given up. Takes the mmap lock itself, as often as it has to, so no caller can keep a
// VMA across it. (Linux's callers hold the lock, and are told in *unlocked that it was given up meanwhile.)
//
// Ok: this CPU may now make the access (unless another changed the entry since). FAULT: no VMA, the VMA forbids it,
// SIGBUS, SIGSEGV or poison; NOMEM; INTR. Accounts a fault to the current task. (Linux 6.1 mm/gup.c fixup_user_fault.)
Result<void> fixup_user_fault(MmStruct& mm, UserAddr address, FaultFlags flags) EXCLUDES(mm.mmap_lock);

// As first merged in 2011: no check that the VMA permits the access, no retry; poison is HWPOISON.
Result<void> fixup_user_fault_2011(MmStruct& mm, UserAddr address, FaultFlags flags) EXCLUDES(mm.mmap_lock);

// The errno of an error in `served`, in one place. `served` holds a VM_FAULT_ERROR bit. OOM: NOMEM; SIGBUS, SIGSEGV:
// FAULT; HWPOISON: FAULT, or HWPOISON if `report_poison`. (Linux: the same name.)
Errno vm_fault_to_errno(VmFault served, bool report_poison = false);

} // namespace faultline
