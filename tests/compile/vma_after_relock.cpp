// A VMA is used after the lock was given up and taken again. A guard has no way to do that: another hold is another guard.
// error: '.*MmapReadGuard' has no member named 'relock'
#include "mm/mm_struct.hpp"

namespace faultline {

VmFlags flags_at(MmStruct& mm, UserAddr address) {
    const MmapReadGuard mmap_read(mm);
    const FoundVma vma = vma_lookup(mmap_read, address);
#ifndef CORRECT
    mmap_read.relock();
#endif
    return vma ? vma->flags : VM_NONE;
}

} // namespace faultline
