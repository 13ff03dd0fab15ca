// A VMA is changed under the lock held for reading.
// error: invalid initialization of reference of type 'const .*MmapWriteLocked&' from expression of type 'const .*MmapReadGuard'
#include "mm/vma_edit.hpp"

namespace faultline {

void grow(MmStruct& mm, VmArea& vma, UserAddr end) {
#ifdef CORRECT
    const MmapWriteGuard locked(mm);
#else
    const MmapReadGuard locked(mm);
#endif
    vma_set_range(locked, vma, vma.start, end);
}

} // namespace faultline
