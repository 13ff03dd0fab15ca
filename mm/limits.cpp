// Limits of an address space. (Linux 6.1 mm/mmap.c may_expand_vm, mlock_future_check.)
#include "mm/limits.hpp"

#include "mm/upcalls.hpp"

namespace faultline {

// No sum of pages overflows: an address space has 2^19.

bool may_expand_vm(const MmapLocked& locked, VmFlags flags, u32 pages) {
    const MmStruct& mm = locked.mm();
    const auto limits = current_mm_limits();
    return mm.total_vm + pages <= limits.address_space &&
           (!is_data_mapping(flags) || mm.data_vm + pages <= limits.data);
}

bool may_expand_data(const MmapLocked& locked, u32 pages) {
    return locked.mm().data_vm + pages <= current_mm_limits().data;
}

bool may_lock_pages(const MmapLocked& locked, VmFlags flags, u32 pages) {
    return !flags.has(VM_LOCKED) || u64{locked.mm().locked_vm} + pages <= current_mm_rights().locked;
}

} // namespace faultline
