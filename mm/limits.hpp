// How large an address space may be: resource limits (getrlimit(2)) and overcommitment. Private to mm/.
#pragma once

#include "mm/mm_struct.hpp"

namespace faultline {

// Whether `pages` more with these flags stay within RLIMIT_AS and RLIMIT_DATA. (Linux: may_expand_vm.)
bool may_expand_vm(const MmapLocked& locked, VmFlags flags, u32 pages);

// The same for pages that are mapped already and become data (mprotect).
bool may_expand_data(const MmapLocked& locked, u32 pages);

// Whether `pages` more may be locked, if these flags lock them: RLIMIT_MEMLOCK, which does not bind CAP_IPC_LOCK.
// (Linux: mlock_future_check.)
bool may_lock_pages(const MmapLocked& locked, VmFlags flags, u32 pages);

// Whether `pages` of private writable memory may be promised: not if it is more than the machine has. That is all that
// Linux asks by default (Documentation/mm/overcommit-accounting.rst, mode 0), where there is no swap. Shared memory
// asks too, when it is made. MAP_NORESERVE does not ask.
bool may_commit(u32 pages);

// /proc/sys/vm/overcommit_memory is 1: everything is promised. (Mode 2, which keeps accounts, is not there.)
bool overcommits_always();
void set_overcommit_always(bool always);

// How many VMAs an address space may have (Linux: /proc/sys/vm/max_map_count, sysctl_max_map_count).
inline constexpr u32 DEFAULT_MAX_MAP_COUNT = 65530;
inline constinit Relaxed<u32> max_map_count = DEFAULT_MAX_MAP_COUNT;

// The same for a mapping with these flags, if its pages have to be promised. (Linux: accountable_mapping.)
bool may_commit_mapping(VmFlags flags, u32 pages);

} // namespace faultline
