// Bringing in pages before they are touched. Private to mm/ and the memory calls; the mmap lock must not be held.
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// Faults in every page of [start, end) that is mapped, as MAP_POPULATE and mlock(2) do: private writable pages are
// copied now, others only read. Passes over holes and VM_LOCKONFAULT. The first error, after which nothing more is
// brought in: FAULT (PROT_NONE, past the end of a file), NOMEM, INTR. (Linux: __mm_populate.)
Result<void> mm_populate(MmStruct& mm, UserAddr start, UserAddr end) EXCLUDES(mm.mmap_lock);

// madvise(2) MADV_POPULATE_READ and _WRITE: as if each page were read, or written. NOMEM (a hole, or no memory), INVAL
// (the VMA does not permit it), FAULT (past the end of a file), INTR. (Linux: madvise_populate.)
Result<void> populate_for_access(MmStruct& mm, UserAddr start, UserAddr end, bool write) EXCLUDES(mm.mmap_lock);

} // namespace faultline
