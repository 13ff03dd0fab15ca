// munmap(2).
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// munmap(2): `start` and `length` as the program gave them. Takes the mmap lock. INVAL; NOMEM (a VMA would have to be cut,
// and there is no memory for its second half, or there are too many). (Linux do_mas_munmap.)
Result<void> do_munmap(MmStruct& mm, UserAddr start, u32 length) EXCLUDES(mm.mmap_lock);

// The same with the lock held: range page-aligned, not empty, below TASK_SIZE. NOMEM: nothing is unmapped.
Result<void> unmap_range(const MmapWriteLocked& locked, UserAddr start, UserAddr end);

} // namespace faultline
