// How much memory has been promised, and whether more may be. A program gets its pages when it touches them, long after
// mmap(2) has said yes; this file keeps count of what is still owed. (Linux Documentation/mm/overcommit-accounting.rst.)
//
//   what counts                                      from when                            the count is kept by
//   ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
//   a private, writable VMA: VM_ACCOUNT              mmap, brk, fork, mprotect, growth    vm_stat_account()
//   anonymous shared and System V memory             it is made, as large as it is        its VmCharge
//   a file of a tmpfs, a memfd                       page by page, when it gets one       mm/shmem.cpp
#pragma once

#include <utility>

#include "base/relaxed.hpp"
#include "base/types.hpp"

namespace faultline {

// /proc/sys/vm/overcommit_memory. (Linux: the same names.)
enum OvercommitMemory : u32 {
    OVERCOMMIT_GUESS,  // a single promise may not be larger than the machine
    OVERCOMMIT_ALWAYS, // everything is promised
    OVERCOMMIT_NEVER,  // all promises together stay below vm_commit_limit()
};

// /proc/sys/vm. The last two are what OVERCOMMIT_NEVER leaves for others: for who has CAP_SYS_ADMIN; and, of one large
// process, for the user to recover from it.
struct Overcommit {
    Relaxed<u32> memory = OVERCOMMIT_GUESS;
    Relaxed<u32> ratio = 50; // per cent of the machine's memory; may be more than 100
    Relaxed<u32> kbytes = 0; // instead of `ratio`, unless 0
    Relaxed<u32> admin_reserve_kbytes = 0, user_reserve_kbytes = 0;
};
inline constinit Overcommit overcommit;

// Sets the two reserves for the memory that is free now. Once, at boot. (Linux: init_admin_reserve, init_user_reserve.)
void init_overcommit();

// In pages: what OVERCOMMIT_NEVER allows, and what is promised now (/proc/meminfo: CommitLimit, Committed_AS). The second
// is exact while no system call changes it, and meanwhile rather too large. (Linux: vm_commit_limit, vm_memory_committed.)
u32 vm_commit_limit();
u32 vm_memory_committed();

// Adds to the promises without asking, or takes back. `pages` may be negative, modulo 2^32. Callable from anywhere.
// (Linux: the same names.)
void vm_acct_memory(u32 pages);
inline void vm_unacct_memory(u32 pages) { vm_acct_memory(0 - pages); }

// Adds `pages` to the promises if the rules allow it to the current task. False: nothing has changed. (Linux:
// __vm_enough_memory.)
[[nodiscard]] bool vm_enough_memory(u32 pages);

// Pages that are promised as long as this lives. A call that makes a VMA holds one until the VMA counts itself: between
// check and VMA, nobody else gets the same pages.
class [[nodiscard]] VmCharge {
  public:
    VmCharge() = default;
    VmCharge(VmCharge&& other) noexcept : pages_(std::exchange(other.pages_, 0)) {}
    VmCharge& operator=(VmCharge&& other) noexcept {
        std::swap(pages_, other.pages_);
        return *this;
    }
    ~VmCharge() {
        if (pages_ != 0)
            vm_unacct_memory(pages_);
    }

    // Once. False: vm_enough_memory() refuses.
    [[nodiscard]] bool take(u32 pages) {
        if (!vm_enough_memory(pages))
            return false;
        pages_ = pages;
        return true;
    }

  private:
    u32 pages_ = 0;
};

} // namespace faultline
