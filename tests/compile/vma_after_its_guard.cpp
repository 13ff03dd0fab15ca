// A VMA found under one hold of the lock is kept for the next: what a lookup found cannot be stored.
// error: use of deleted function '.*FoundVma& .*FoundVma::operator=\(const .*FoundVma&\)'
#include "mm/mm_struct.hpp"

namespace faultline {

VmFlags flags_at(MmStruct& mm, UserAddr address, UserAddr other) {
    const MmapReadGuard mmap_read(mm);
    FoundVma vma = vma_lookup(mmap_read, address);
#ifdef CORRECT
    static_cast<void>(other);
#else
    vma = vma_lookup(mmap_read, other);
#endif
    return vma ? vma->flags : VM_NONE;
}

} // namespace faultline
