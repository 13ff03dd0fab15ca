// A number that is kept.
#include "abi/process/personality.hpp"

#include "abi/task/thread_group.hpp"

namespace faultline {

// Remembered; it changes nothing. 0xffffffff asks.
Result<u32> sys_personality(u32 persona) {
    u32& own = current_group().personality;
    const u32 before = own;
    if (persona != ~u32{0})
        own = persona;
    return before;
}

} // namespace faultline
