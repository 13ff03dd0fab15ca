// Checks for permission to read or change another process. ptrace_may_read() is in kernel/upcalls.hpp.
#include "abi/process/access.hpp"

#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

bool ptrace_may_access(const Task& task, PtraceMode mode) {
    if (task.group == current()->group || capable(CAP_SYS_PTRACE))
        return true;
    const Cred& own = current_cred();
    const Cred& target = *task.cred;
    const auto all = [](u32 id, u32 first, u32 second, u32 third) {
        return id == first && id == second && id == third;
    };
    const bool fs = mode == PtraceMode::FsCreds;
    const u64 capabilities = fs ? own.cap_effective : own.cap_permitted;
    return all(fs ? own.fsuid : own.uid, target.euid, target.suid, target.uid) &&
           all(fs ? own.fsgid : own.gid, target.egid, target.sgid, target.gid) &&
           (task.mm.mm == nullptr || task.group->dumpable) && (target.cap_permitted & ~capabilities) == 0;
}

Result<MmRef> mm_access(const Task& task, PtraceMode mode) {
    MmStruct* mm = task.mm.mm;
    if (mm == nullptr)
        return MmRef();
    if (mm != current()->mm.mm && !ptrace_may_access(task, mode))
        return Err(Errno::ACCES);
    return MmRef::of(*mm);
}

bool ptrace_may_read(const Task& task) { return ptrace_may_access(task, PtraceMode::RealCreds); }

} // namespace faultline
