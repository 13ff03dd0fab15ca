// The rights of a VMA passed as the access that faulted.
// error: could not convert '.*flags' from '.*VmFlagsTag.*' to '.*FaultFlagsTag.*'
#include "mm/memory.hpp"

namespace faultline {

VmFault serve(const MmapReadGuard& mmap_read, VmArea& vma, UserAddr address) {
#ifdef CORRECT
    return handle_mm_fault(mmap_read, vma, address, FAULT_FLAG_WRITE);
#else
    return handle_mm_fault(mmap_read, vma, address, vma.flags);
#endif
}

} // namespace faultline
