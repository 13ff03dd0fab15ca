// madvise(2).
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// madvise(2): numbers as the program gave them; `advice`: MADV_*. Takes the mmap lock, for reading if the advice is about
// entries alone. INVAL, NOMEM (a hole), AGAIN (no memory to cut a VMA), ACCES (MADV_REMOVE of what may not be written),
// for MADV_POPULATE_* what populate_for_access() says, and for MADV_HWPOISON PERM and what get_user_pages() and memory_failure() say.
// (Linux do_madvise.)
Result<void> do_madvise(MmStruct& mm, UserAddr start, u32 length, u32 advice) EXCLUDES(mm.mmap_lock);

} // namespace faultline
