// Stores the personality of a process.
#include "abi/process/personality.hpp"

#include "abi/task/thread_group.hpp"

namespace faultline {

// Only READ_IMPLIES_EXEC has an effect (abi/task/personality.hpp). 0xffffffff only returns the present value.
Result<u32> sys_personality(u32 persona) {
    u32& own = current_group().personality;
    const u32 before = own;
    if (persona != ~u32{0})
        own = persona;
    return before;
}

} // namespace faultline
