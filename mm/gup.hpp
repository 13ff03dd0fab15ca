// Reaching another's pages from the kernel: get_user_pages, which takes the page, and fixup_user_fault, which makes
// the access possible. That these are not the same thing is what this project is about.
#pragma once

#include "base/result.hpp"
#include "mm/fault.hpp"
#include "mm/page.hpp"

namespace faultline {

enum FollFlag : u32 {
    FOLL_WRITE = 0x1,        // the entry must have WRITE (Linux)
    FOLL_TOUCH = 0x2,        // mark the *page* accessed, and dirty for a write (Linux)
    FOLL_GET = 0x4,          // take a reference on each page (Linux)
    FOLL_ACCESSIBLE = 0x100, // ours, fault_in=gup_dirty: the entry must also be young, and dirty for a write
};

// The page that `address` shows, if its entry is present (and has WRITE for FOLL_WRITE), else nullptr. An entry that
// is old or clean is good enough: nothing in it is looked at or changed but presence and WRITE, unless FOLL_ACCESSIBLE.
// Caller holds the mmap lock. (Linux mm/gup.c follow_page_pte.)
Page* follow_page(MmStruct& mm, UserAddr address, u32 foll_flags);

// Takes `nr_pages` pages from `start` on, faulting in what follow_page does not find. `pages` receives them if not
// null (then FOLL_GET). Returns how many, at least 1, or: FAULT (no VMA, the VMA forbids it, or SIGBUS), NOMEM, INTR (fatal
// signal). Offers to reschedule before each page. Caller holds the mmap lock through `guard`; it is held again on
// return. (Linux 6.1 mm/gup.c __get_user_pages.)
Result<u32> get_user_pages(MmStruct& mm, MmapReadGuard& guard, UserAddr start, u32 nr_pages, u32 foll_flags,
                           Page** pages);

enum class MmapLock : u8 { Kept, Reacquired }; // Reacquired: it was dropped; every VMA must be looked up again

// Resolves a user fault at exactly `address` as the user's own access would: always calls handle_mm_fault, so the
// young and dirty bits of the *entry* are set and a stale TLB entry of this CPU goes.
// `fault_flags`: FAULT_FLAG_WRITE for a write; with FAULT_FLAG_ALLOW_RETRY the lock may be dropped in between, else it
// never is; with FAULT_FLAG_KILLABLE a fatal signal ends it.
// Ok: this CPU may now make the access (unless another changed the entry since). FAULT: no VMA, the VMA forbids it,
// SIGBUS, SIGSEGV or poison; NOMEM; INTR. Accounts a fault to the current task if `mm` is its own.
// (Linux 6.1 mm/gup.c fixup_user_fault.)
Result<MmapLock> fixup_user_fault(MmStruct& mm, MmapReadGuard& guard, UserAddr address, u32 fault_flags);

// As first merged in 2011: no check that the VMA permits the access, no retry; poison is HWPOISON.
Result<void> fixup_user_fault_2011(MmStruct& mm, MmapReadGuard& guard, UserAddr address, u32 fault_flags);

} // namespace faultline
