// mlock(2) and its family.
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// mlock2(2) (`flags`: MLOCK_ONFAULT), munlock(2), mlockall(2) (`flags`: MCL_*), munlockall(2). Each takes the mmap lock.
// INVAL (flags), PERM (the limit is 0), NOMEM (over the limit, or a hole), AGAIN (no memory to bring it in). (Linux
// mm/mlock.c.)
Result<void> do_mlock(MmStruct& mm, UserAddr start, u32 length, u32 flags) EXCLUDES(mm.mmap_lock);
Result<void> do_munlock(MmStruct& mm, UserAddr start, u32 length) EXCLUDES(mm.mmap_lock);
Result<void> do_mlockall(MmStruct& mm, u32 flags) EXCLUDES(mm.mmap_lock);
void do_munlockall(MmStruct& mm) EXCLUDES(mm.mmap_lock);

} // namespace faultline
