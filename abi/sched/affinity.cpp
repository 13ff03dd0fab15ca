// Reads and sets the mask of CPUs on which a task may run. (Linux kernel/sched/core.c.)
#include "abi/sched/affinity.hpp"

#include <algorithm>

#include "abi/sched/permission.hpp"
#include "abi/task/pid.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

// The program's mask may be shorter than ours, with the missing bits zero, or longer. Bits of CPUs that are not online
// are ignored. (Linux: get_user_cpu_mask, __set_cpus_allowed_ptr.)
Result<u32> sys_sched_setaffinity(s32 pid, u32 bytes, UserAddr mask) {
    u32 bits = 0;
    TRY_VOID(copy_struct_from_user(&bits, mask, std::min(bytes, u32{sizeof bits})));
    Task* task = TRY(task_or_current(pid));
    if (!may_schedule(*task))
        return Err(Errno::PERM);
    const CpuMask cpus = CpuMask::from_bits(bits) & cpus_online();
    if (cpus.empty())
        return Err(Errno::INVAL);
    set_cpus_allowed(*task, cpus);
    return 0u;
}

Result<u32> sys_sched_getaffinity(s32 pid, u32 bytes, UserAddr mask) {
    if (bytes < sizeof(u32) || bytes % sizeof(u32) != 0)
        return Err(Errno::INVAL);
    const Task* task = TRY(task_or_current(pid));
    TRY_VOID(put_user_u32(mask, (task->cpus_allowed & cpus_online()).bits()));
    return u32{sizeof(u32)};
}

Result<u32> sys_getcpu(UserAddr cpu, UserAddr node) {
    if (cpu.value() != 0)
        TRY_VOID(put_user_u32(cpu, current()->cpu));
    if (node.value() != 0)
        TRY_VOID(put_user_u32(node, 0));
    return 0u;
}

} // namespace faultline
