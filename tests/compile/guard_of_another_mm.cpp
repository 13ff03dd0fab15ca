// One address space is searched while the lock of another is held.
// error: no matching function for call to 'find_vma\(.*MmStruct&, .*MmapReadGuard&, .*UserAddr&\)'
#include "mm/mm_struct.hpp"

namespace faultline {

bool is_mapped(MmStruct& mine, MmStruct& theirs, UserAddr address) {
    const MmapReadGuard mmap_read(theirs);
#ifdef CORRECT
    static_cast<void>(mine);
    return bool(find_vma(mmap_read, address));
#else
    return bool(find_vma(mine, mmap_read, address));
#endif
}

} // namespace faultline
