// How large an address space may be: resource limits (getrlimit(2)). Private to mm/.
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

// How many VMAs an address space may have (Linux: /proc/sys/vm/max_map_count, sysctl_max_map_count).
inline constexpr u32 DEFAULT_MAX_MAP_COUNT = 65530;
inline constinit Relaxed<u32> max_map_count = DEFAULT_MAX_MAP_COUNT;

} // namespace faultline
