// A VMA is looked up with a guard that ends with the call, and used without the lock.
// error: use of deleted function 'faultline::FoundVma faultline::vma_lookup\(const .*MmapReadGuard&&, .*UserAddr\)'
#include "mm/mm_struct.hpp"

namespace faultline {

VmFlags flags_at(MmStruct& mm, UserAddr address) {
#ifdef CORRECT
    const MmapReadGuard mmap_read(mm);
    const FoundVma vma = vma_lookup(mmap_read, address);
#else
    const FoundVma vma = vma_lookup(MmapReadGuard(mm), address);
#endif
    return vma ? vma->flags : VM_NONE;
}

} // namespace faultline
