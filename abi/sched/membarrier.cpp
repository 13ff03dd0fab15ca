// Checks the arguments and the registration of membarrier(2).
#include "abi/sched/membarrier.hpp"

#include <linux/membarrier.h>

#include "abi/task/thread_group.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

// Sends nothing to the other CPUs. membarrier(2) promises a barrier on every CPU that runs a thread of the process, so
// with several CPUs the call does less than it says.
Result<u32> sys_membarrier(s32 command, u32 flags, s32) {
    constexpr u32 SERVED = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
                           MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                           MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    if (flags != 0)
        return Err(Errno::INVAL);
    if (command == MEMBARRIER_CMD_QUERY)
        return SERVED;
    const u32 bit = static_cast<u32>(command);
    if ((bit & (bit - 1)) != 0 || (bit & SERVED) == 0)
        return Err(Errno::INVAL);
    bool& registered = current_group().membarrier_registered;
    if (bit == MEMBARRIER_CMD_PRIVATE_EXPEDITED && !registered)
        return Err(Errno::PERM);
    registered |= bit == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    return 0u;
}

} // namespace faultline
