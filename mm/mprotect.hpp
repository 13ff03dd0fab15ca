// mprotect(2).
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// mprotect(2): `prot` is PROT_* as the program gave it, `start` and `length` unchecked. Takes the mmap lock. INVAL, NOMEM
// (a hole), ACCES. (Linux do_mprotect_pkey.)
Result<void> do_mprotect(MmStruct& mm, UserAddr start, u32 length, u32 prot) EXCLUDES(mm.mmap_lock);

} // namespace faultline
