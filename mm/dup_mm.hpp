// fork's copy of an address space.
#pragma once

#include "mm/mm_struct.hpp"

namespace faultline {

// A copy of `source`: its VMAs, and the entries of its private memory. Both sides share these pages until one writes.
// When this returns, no TLB lets the source write to a shared page any more. Takes the mmap lock. NOMEM. (Linux
// dup_mm.)
Result<MmRef> dup_mm(MmStruct& source) EXCLUDES(source.mmap_lock);

} // namespace faultline
