// The count of promised memory, and the rules of the three modes. (Linux 6.1 mm/util.c.)
#include "mm/overcommit.hpp"

#include <algorithm>
#include <atomic>

#include "mm/mm_struct.hpp"
#include "mm/page_alloc.hpp"
#include "mm/swapfile.hpp"
#include "mm/upcalls.hpp"

namespace faultline {
namespace {

constexpr u32 KIB_PER_PAGE = PAGE_SIZE / 1024;

constinit std::atomic<u32> vm_committed_as{0};

// How far OVERCOMMIT_NEVER lets the current task go.
s64 limit_of_current() {
    s64 allowed = vm_commit_limit();
    if (!current_mm_rights().may_use_reserve)
        allowed -= overcommit.admin_reserve_kbytes / KIB_PER_PAGE;
    if (const MmStruct* mm = current_mm_task().mm)
        allowed -= std::min(mm->total_vm / 32, overcommit.user_reserve_kbytes / KIB_PER_PAGE);
    return allowed;
}

bool allowed(u32 pages) {
    switch (overcommit.memory) {
    case OVERCOMMIT_ALWAYS:
        return true;
    case OVERCOMMIT_NEVER:
        return vm_memory_committed() < limit_of_current(); // `pages` are in it
    default:
        return pages <= nr_total_pages() + total_swap_pages();
    }
}

} // namespace

void init_overcommit() {
    constexpr u32 ADMIN_MOST = 8 << 10, USER_MOST = 128 << 10; // KiB
    const u32 share = nr_free_pages() * KIB_PER_PAGE / 32;
    overcommit.admin_reserve_kbytes = std::min(share, ADMIN_MOST);
    overcommit.user_reserve_kbytes = std::min(share, USER_MOST);
}

u32 vm_commit_limit() {
    if (const u32 kbytes = overcommit.kbytes; kbytes != 0)
        return kbytes / KIB_PER_PAGE + total_swap_pages();
    return static_cast<u32>(
        std::min<u64>(u64{nr_total_pages()} * overcommit.ratio / 100 + total_swap_pages(), ~u32{0}));
}

u32 vm_memory_committed() { return vm_committed_as.load(std::memory_order_relaxed); }

void vm_acct_memory(u32 pages) { vm_committed_as.fetch_add(pages, std::memory_order_relaxed); }

bool vm_enough_memory(u32 pages) {
    vm_acct_memory(pages);
    if (allowed(pages))
        return true;
    vm_unacct_memory(pages);
    return false;
}

} // namespace faultline
