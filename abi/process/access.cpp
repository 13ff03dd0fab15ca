// Checks for permission to read or change another process. (Linux kernel/ptrace.c __ptrace_may_access.)
#include "abi/process/access.hpp"

#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

bool may_access(const Task& task) {
    const Cred& own = current_cred();
    const Cred& target = *task.cred;
    if (task.group == current()->group || capable(CAP_SYS_PTRACE))
        return true;
    const auto all = [](u32 id, u32 first, u32 second, u32 third) {
        return id == first && id == second && id == third;
    };
    return all(own.uid, target.euid, target.suid, target.uid) && all(own.gid, target.egid, target.sgid, target.gid) &&
           task.group->dumpable;
}

} // namespace faultline
