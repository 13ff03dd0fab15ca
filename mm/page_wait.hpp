// Waiting for a page without the mmap lock.
#pragma once

#include "mm/mm_struct.hpp"

namespace faultline {

// What is to be done about VM_FAULT_RETRY: reads the page that a fault at `address` needs, from its file or from swap, and waits
// until the task may make pages dirty. May take long, with no lock held; takes the mmap lock to look the mapping up. The caller
// tries again, and finds the page in memory or finds out what went wrong. False: nothing is mapped there.
bool wait_for_page(MmStruct& mm, UserAddr address) EXCLUDES(mm.mmap_lock);

} // namespace faultline
