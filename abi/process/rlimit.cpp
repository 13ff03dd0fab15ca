// Reads and sets resource limits. docs/system-calls.md lists the limits that the kernel enforces; the others are only
// stored. (Linux kernel/sys.c.)
#include "abi/process/rlimit.hpp"

#include <linux/capability.h>
#include <linux/resource.h>

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "abi/fs/files.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/rlimit.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {

constexpr u32 INFINITY_32 = ~u32{0};
constexpr u64 INFINITY_64 = ~u64{0};

u32 to_32(u64 limit) { return limit >= INFINITY_32 ? INFINITY_32 : static_cast<u32>(limit); }
u64 from_32(u32 limit) { return limit == INFINITY_32 ? INFINITY_64 : limit; }

Result<LimitInForce*> find_limit(ThreadGroup& group, u32 resource) {
    if (resource >= RLIM_COUNT)
        return Err(Errno::INVAL);
    return &group.limits[resource];
}

Result<void> set_limit(ThreadGroup& group, u32 resource, const ResourceLimit& next) {
    LimitInForce* limit = TRY(find_limit(group, resource));
    if (next.soft > next.hard)
        return Err(Errno::INVAL);
    if (next.hard > limit->hard && !capable(CAP_SYS_RESOURCE))
        return Err(Errno::PERM);
    if (resource == RLIMIT_NOFILE && next.hard > OPEN_MAX)
        return Err(Errno::PERM); // descriptor tables cannot be larger
    *limit = next;
    if (MmStruct* mm = group.leader->mm.mm; resource == RLIMIT_STACK && mm != nullptr)
        mm->stack_limit = static_cast<u32>(std::min<u64>(next.soft, TASK_SIZE));
    return {};
}

} // namespace

void init_limits(ThreadGroup& group) {
    group.limits[RLIMIT_STACK].soft = 8u << 20;
    group.limits[RLIMIT_CORE].soft = 0;
    group.limits[RLIMIT_NOFILE] = {1024, OPEN_MAX};
    group.limits[RLIMIT_NPROC] = {max_threads / 2, max_threads / 2};
    group.limits[RLIMIT_SIGPENDING] = {max_threads / 2, max_threads / 2};
    group.limits[RLIMIT_MSGQUEUE] = {819200, 819200};
    group.limits[RLIMIT_MEMLOCK] = {8u << 20, 8u << 20};
    group.limits[RLIMIT_NICE] = {0, 0};
    group.limits[RLIMIT_RTPRIO] = {0, 0};
}

Result<u32> sys_getrlimit(u32 resource, UserAddr limit) {
    const LimitInForce* found = TRY(find_limit(current_group(), resource));
    const u32 answer[2] = {to_32(found->soft), to_32(found->hard)};
    TRY_VOID(copy_struct_to_user(limit, answer, sizeof answer));
    return 0u;
}

Result<u32> sys_setrlimit(u32 resource, UserAddr limit) {
    u32 wanted[2];
    TRY_VOID(copy_struct_from_user(wanted, limit, sizeof wanted));
    TRY_VOID(set_limit(current_group(), resource, {from_32(wanted[0]), from_32(wanted[1])}));
    return 0u;
}

namespace {

// Whether current may read or set the limits of `task`: all its ids are current's real ids (prlimit(2)).
bool may_look_into(const Task& task) {
    const Cred& own = current_cred();
    const Cred& target = *task.cred;
    const bool same_user = own.uid == target.uid && own.uid == target.euid && own.uid == target.suid;
    const bool same_group = own.gid == target.gid && own.gid == target.egid && own.gid == target.sgid;
    return (same_user && same_group) || capable(CAP_SYS_RESOURCE);
}

} // namespace

Result<u32> sys_prlimit64(s32 pid, u32 resource, UserAddr new_limit, UserAddr old_limit) {
    Task* task = TRY(task_or_current(pid));
    ResourceLimit wanted;
    if (new_limit.value() != 0)
        TRY_VOID(copy_struct_from_user(&wanted, new_limit, sizeof wanted));
    if (task->group != &current_group() && !may_look_into(*task))
        return Err(Errno::PERM);
    const ResourceLimit before = *TRY(find_limit(*task->group, resource));
    if (new_limit.value() != 0)
        TRY_VOID(set_limit(*task->group, resource, wanted));
    if (old_limit.value() != 0)
        TRY_VOID(copy_struct_to_user(old_limit, &before, sizeof before));
    return 0u;
}

} // namespace faultline
