// The result of a fault passed to get_user_pages as what it is to do: VM_FAULT_OOM has the value of FOLL_WRITE.
// error: could not convert '.*VM_FAULT_OOM' from '.*VmFaultTag.*' to '.*FollFlagsTag.*'
#include "mm/gup.hpp"

namespace faultline {

Result<u32> take(const MmapReadGuard& mmap_read, UserAddr address, PageRef* page) {
#ifdef CORRECT
    return get_user_pages(mmap_read, address, 1, FOLL_WRITE, page);
#else
    return get_user_pages(mmap_read, address, 1, VM_FAULT_OOM, page);
#endif
}

} // namespace faultline
