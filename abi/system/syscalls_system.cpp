// The system as a whole, and what a process may use and has used of it.
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/reboot.h>
#include <linux/resource.h>
#include <linux/sysinfo.h>

#include <arch/machine_control.hpp>

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/random.hpp"
#include "abi/process/process.hpp"
#include "abi/process/syscalls.hpp"
#include "abi/system/utsname.hpp"
#include "abi/task/rusage.hpp"
#include "abi/time/loadavg.hpp"
#include "abi/time/time.hpp"
#include "abi/virtio/console.hpp"
#include "arch/contract/clock.hpp"
#include "kernel/debug/printk.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {
constinit new_utsname system_name_now = SYSTEM_NAME;

Result<u32> set_name(char (&field)[sizeof new_utsname::nodename], UserAddr name, s32 length) {
    if (!capable(CAP_SYS_ADMIN))
        return Err(Errno::PERM);
    if (length < 0 || length > __NEW_UTS_LEN)
        return Err(Errno::INVAL);
    char text[sizeof field] = {};
    TRY_VOID(copy_struct_from_user(text, name, static_cast<u32>(length)));
    std::copy_n(text, sizeof text, field);
    return 0u;
}
} // namespace

const new_utsname& system_name() { return system_name_now; }

Result<u32> sys_uname(UserAddr buffer) {
    TRY_VOID(copy_struct_to_user(buffer, &system_name_now, sizeof system_name_now));
    return 0u;
}
Result<u32> sys_sethostname(UserAddr name, s32 length) { return set_name(system_name_now.nodename, name, length); }
Result<u32> sys_setdomainname(UserAddr name, s32 length) { return set_name(system_name_now.domainname, name, length); }

// Remembered; it changes nothing. 0xffffffff asks.
Result<u32> sys_personality(u32 persona) {
    u32& own = current_group().personality;
    const u32 before = own;
    if (persona != ~u32{0})
        own = persona;
    return before;
}

// Every CPU but this one has passed a barrier: there is none but this one. membarrier(2).
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

Result<u32> sys_sysinfo(UserAddr buffer) {
    struct sysinfo info = {};
    info.uptime = static_cast<__kernel_long_t>(clock_ns() / NSEC_PER_SEC);
    info.totalram = nr_total_pages();
    info.freeram = nr_free_pages();
    info.procs = static_cast<__u16>(task_count());
    std::copy_n(get_avenrun().minutes, std::size(info.loads), info.loads);
    info.mem_unit = PAGE_SIZE;
    TRY_VOID(copy_struct_to_user(buffer, &info, sizeof info));
    return 0u;
}

Result<u32> sys_reboot(u32 magic1, u32 magic2, u32 command, UserAddr) {
    if (!capable(CAP_SYS_BOOT))
        return Err(Errno::PERM);
    constexpr u32 MAGICS[] = {LINUX_REBOOT_MAGIC2, LINUX_REBOOT_MAGIC2A, LINUX_REBOOT_MAGIC2B, LINUX_REBOOT_MAGIC2C};
    if (magic1 != LINUX_REBOOT_MAGIC1 || std::find(std::begin(MAGICS), std::end(MAGICS), magic2) == std::end(MAGICS))
        return Err(Errno::INVAL);
    switch (command) {
    case LINUX_REBOOT_CMD_POWER_OFF:
    case LINUX_REBOOT_CMD_HALT:
    case LINUX_REBOOT_CMD_RESTART: // the machine is started anew by whoever started it
        printk(KERN_INFO, "reboot: power down");
        flush_ports();
        machine_exit(0);
    case LINUX_REBOOT_CMD_CAD_ON:
    case LINUX_REBOOT_CMD_CAD_OFF:
        return 0u; // no keyboard, no Ctrl-Alt-Del
    default:
        return Err(Errno::INVAL);
    }
}

Result<u32> sys_getrandom(UserAddr buffer, u32 bytes, u32 flags) {
    constexpr u32 KNOWN_FLAGS = 0x7; // GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE
    if ((flags & ~KNOWN_FLAGS) != 0)
        return Err(Errno::INVAL);
    u8 chunk[64];
    for (u32 done = 0; done < bytes;) {
        const u32 count = std::min(bytes - done, u32{sizeof chunk});
        get_random_bytes(chunk, count);
        const u32 left = copy_to_user(buffer + done, chunk, count);
        if (left == count && done == 0)
            return Err(Errno::FAULT);
        done += count - left;
        if (left != 0 || fatal_signal_pending())
            return done;
        cond_resched();
    }
    return bytes;
}

Result<void> put_rusage(UserAddr to, const ResourceUse& use, const CpuTime& time) {
    const auto timeval = [](u64 nanoseconds) {
        return __kernel_old_timeval{static_cast<__kernel_long_t>(nanoseconds / NSEC_PER_SEC),
                                    static_cast<__kernel_long_t>(nanoseconds % NSEC_PER_SEC / 1000)};
    };
    rusage answer = {};
    answer.ru_utime = timeval(time.user_ns);
    answer.ru_stime = timeval(time.system_ns);
    answer.ru_maxrss = static_cast<__kernel_long_t>(use.max_rss * (PAGE_SIZE / 1024));
    answer.ru_minflt = static_cast<__kernel_long_t>(use.min_flt);
    answer.ru_majflt = static_cast<__kernel_long_t>(use.maj_flt);
    return copy_struct_to_user(to, &answer, sizeof answer);
}

Result<u32> sys_getrusage(s32 who, UserAddr usage) {
    constexpr s32 RUSAGE_THREAD_WHO = 1;
    const Task& task = *current();
    ThreadGroup& group = current_group();
    ResourceUse use;
    CpuTime time, reported;
    switch (who) {
    case RUSAGE_SELF:
        use = group_use(group);
        time = group_cpu_time(group);
        break;
    case RUSAGE_CHILDREN:
        use = group.children_use;
        time = cputime_adjust(use.cpu, group.children_reported);
        break;
    case RUSAGE_THREAD_WHO:
        use = {task_cpu(task), task.mm.min_flt, task.mm.maj_flt, 0};
        time = cputime_adjust(use.cpu, reported);
        break;
    default:
        return Err(Errno::INVAL);
    }
    if (const MmStruct* mm = task.mm.mm; who != RUSAGE_CHILDREN)
        use.max_rss = std::max(use.max_rss, get_mm_rss(*mm));
    TRY_VOID(put_rusage(usage, use, time));
    return 0u;
}

// --- limits: remembered; those of stack, CPU time and waiting signals are obeyed ---

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
    if (resource == RLIMIT_NOFILE && next.hard > limit->hard)
        return Err(Errno::PERM); // descriptor tables end there
    *limit = next;
    if (MmStruct* mm = group.leader->mm.mm; resource == RLIMIT_STACK && mm != nullptr)
        mm->stack_limit = static_cast<u32>(std::min<u64>(next.soft, TASK_SIZE));
    return {};
}

} // namespace

void init_limits(ThreadGroup& group) {
    group.limits[RLIMIT_STACK].soft = 8u << 20;
    group.limits[RLIMIT_CORE].soft = 0;
    group.limits[RLIMIT_NOFILE] = {OPEN_MAX, OPEN_MAX};
    group.limits[RLIMIT_NPROC] = {PID_MAX / 2, PID_MAX / 2};
    group.limits[RLIMIT_SIGPENDING] = {nr_total_pages() / 32, nr_total_pages() / 32}; // Linux: max_threads / 2
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

// prlimit(2): all of its ids must be the caller's real ones.
static bool may_look_into(const Task& task) {
    const Cred& own = current_cred();
    const Cred& target = *task.cred;
    const bool same_user = own.uid == target.uid && own.uid == target.euid && own.uid == target.suid;
    const bool same_group = own.gid == target.gid && own.gid == target.egid && own.gid == target.sgid;
    return (same_user && same_group) || capable(CAP_SYS_RESOURCE);
}

Result<u32> sys_prlimit64(s32 pid, u32 resource, UserAddr new_limit, UserAddr old_limit) {
    Task* task = pid == 0 ? current() : find_task_by_vpid(pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
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
