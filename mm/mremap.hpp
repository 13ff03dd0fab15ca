// mremap(2).
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// mremap(2): numbers as the program gave them; `flags`: MREMAP_*. Takes the mmap lock. Returns where the mapping is now.
// INVAL, FAULT (a hole), NOMEM, AGAIN (too much locked). (Linux mm/mremap.c.)
Result<UserAddr> do_mremap(MmStruct& mm, UserAddr old_address, u32 old_length, u32 new_length, u32 flags,
                           UserAddr new_address) EXCLUDES(mm.mmap_lock);

} // namespace faultline
