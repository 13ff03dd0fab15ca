// remap_file_pages(2).
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// remap_file_pages(2): another part of the file that is mapped shared in the whole range. Takes the mmap lock. INVAL,
// and what do_mmap answers. (Linux mm/mmap.c.)
Result<void> do_remap_file_pages(MmStruct& mm, UserAddr start, u32 length, u32 prot, u32 pgoff) EXCLUDES(mm.mmap_lock);

} // namespace faultline
