// fork's copy of an address space.
#pragma once

#include "mm/mm_struct.hpp"

namespace faultline {

// A copy of `source`: its VMAs, and the entries of its private memory, which both sides share until one writes. No TLB
// lets the source write round the copy on write any more. Takes the mmap lock. NOMEM. (Linux dup_mm.)
Result<MmRef> dup_mm(MmStruct& source);

} // namespace faultline
