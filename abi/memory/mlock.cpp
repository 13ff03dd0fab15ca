// Passes the system calls on to mm/mlock.cpp, for the address space of current.
#include "abi/memory/mlock.hpp"

#include "abi/memory/current_mm.hpp"
#include "mm/mlock.hpp"
#include "mm/mman.hpp"

namespace faultline {

Result<void> sys_mlock(UserAddr start, u32 length) { return do_mlock(current_mm(), start, length, 0); }
Result<void> sys_mlock2(UserAddr start, u32 length, u32 flags) { return do_mlock(current_mm(), start, length, flags); }
Result<void> sys_munlock(UserAddr start, u32 length) { return do_munlock(current_mm(), start, length); }
Result<void> sys_mlockall(u32 flags) { return do_mlockall(current_mm(), flags); }
u32 sys_munlockall() {
    do_munlockall(current_mm());
    return 0;
}

} // namespace faultline
