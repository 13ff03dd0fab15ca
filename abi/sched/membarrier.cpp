// Memory barriers on the CPUs that others of a process run on. (Linux kernel/sched/membarrier.c.)
#include "abi/sched/membarrier.hpp"

#include <linux/membarrier.h>

#include <atomic>

#include "abi/task/thread_group.hpp"
#include "arch/contract/machine.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

// A barrier on every online CPU. One that takes the interrupt also begins its program anew from memory when it returns
// to it (ARM ARM A3.8.3, exception return: context synchronization). A CPU that is asked while it switches tasks passes
// a barrier in any case: the lock of its run queue. Linux asks only the CPUs that run the process.
void barrier_everywhere() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    machine::smp_call_function_many(
        cpus_online() - CpuMask::of(machine::this_cpu()),
        [](void*) { std::atomic_thread_fence(std::memory_order_seq_cst); }, nullptr);
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

// The registration that a command needs; 0: none.
constexpr u32 registration_for(u32 command) {
    switch (command) {
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
        return MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
        return MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    default:
        return 0;
    }
}

} // namespace

Result<u32> sys_membarrier(s32 command, u32 flags, s32) {
    constexpr u32 REGISTRATIONS = MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                                  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    constexpr u32 SERVED = REGISTRATIONS | MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
                           MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE;
    if (flags != 0)
        return Err(Errno::INVAL);
    if (command == MEMBARRIER_CMD_QUERY)
        return SERVED;
    const u32 bit = static_cast<u32>(command);
    if ((bit & (bit - 1)) != 0 || (bit & SERVED) == 0)
        return Err(Errno::INVAL);
    u32& registered = current_group().membarrier_registered;
    if ((registered & registration_for(bit)) != registration_for(bit))
        return Err(Errno::PERM);
    if ((bit & REGISTRATIONS) != 0)
        registered |= bit;
    else
        barrier_everywhere();
    return 0u;
}

} // namespace faultline
