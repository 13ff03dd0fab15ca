// A fault is repaired with the mmap lock held: the repair takes that lock itself, and would wait for ever.
// clang error: cannot call function 'fixup_user_fault' while semaphore 'mm.mmap_lock' is held
#include "mm/gup.hpp"

namespace faultline {

Result<void> repair(MmStruct& mm, UserAddr address) {
#ifndef CORRECT
    const MmapReadGuard mmap_read(mm);
#endif
    return fixup_user_fault(mm, address, FAULT_FLAG_WRITE);
}

} // namespace faultline
