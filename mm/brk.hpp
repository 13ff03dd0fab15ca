// brk(2).
#pragma once

#include "mm/mm_struct.hpp"

namespace faultline {

// brk(2) as the kernel does it: returns the new break, or the old one if it cannot be moved there. Memory that is added
// may be executed if `executable` says so. Takes the mmap lock. (Linux mm/mmap.c.)
UserAddr do_brk(MmStruct& mm, UserAddr new_brk, bool executable = false) EXCLUDES(mm.mmap_lock);

} // namespace faultline
