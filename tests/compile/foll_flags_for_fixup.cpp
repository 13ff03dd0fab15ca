// The flags of get_user_pages passed to fixup_user_fault: 0x2 | 0x4 would read as "a retry is allowed", and no write.
// error: could not convert '.*FOLL_GET\)' from '.*FollFlagsTag.*' to '.*FaultFlagsTag.*'
#include "mm/gup.hpp"

namespace faultline {

Result<void> repair(MmStruct& mm, UserAddr address) {
#ifdef CORRECT
    return fixup_user_fault(mm, address, FAULT_FLAG_WRITE);
#else
    return fixup_user_fault(mm, address, FOLL_TOUCH | FOLL_GET);
#endif
}

} // namespace faultline
