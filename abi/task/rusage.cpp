// Adds up the resource use of threads, processes and children, and reports it to programs.
#include "abi/task/rusage.hpp"

#include <linux/resource.h>

#include <algorithm>

#include "abi/task/cpu_time.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

ResourceUse task_use(const Task& task) {
    return {.cpu = task_cpu(task),
            .min_flt = task.mm.min_flt,
            .maj_flt = task.mm.maj_flt,
            .nvcsw = task.nvcsw,
            .nivcsw = task.nivcsw,
            .rchar = task.rchar,
            .wchar = task.wchar,
            .syscr = task.syscr,
            .syscw = task.syscw};
}

void note_max_rss(ThreadGroup& group, const MmStruct& mm) {
    group.dead_threads.max_rss = std::max(group.dead_threads.max_rss, get_mm_hiwater_rss(mm));
}

ResourceUse group_use(const ThreadGroup& group) {
    ResourceUse sum = group.dead_threads;
    for (const Task& thread : group.threads)
        sum.add(task_use(thread));
    return sum;
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
    answer.ru_nvcsw = static_cast<__kernel_long_t>(use.nvcsw);
    answer.ru_nivcsw = static_cast<__kernel_long_t>(use.nivcsw);
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
        use = task_use(task);
        use.max_rss = group.dead_threads.max_rss;
        time = cputime_adjust(use.cpu, reported);
        break;
    default:
        return Err(Errno::INVAL);
    }
    if (const MmStruct* mm = task.mm.mm; who != RUSAGE_CHILDREN)
        use.max_rss = std::max(use.max_rss, get_mm_hiwater_rss(*mm));
    TRY_VOID(put_rusage(usage, use, time));
    return 0u;
}

Result<u32> sys_times(UserAddr buffer) {
    constexpr u32 CLOCK_TICKS = 100; // USER_HZ
    const auto ticks = [](u64 nanoseconds) { return static_cast<u32>(nanoseconds / (NSEC_PER_SEC / CLOCK_TICKS)); };
    ThreadGroup& group = current_group();
    const CpuTime own = group_cpu_time(group);
    const CpuTime children = cputime_adjust(group.children_use.cpu, group.children_reported);
    const u32 answer[4] = {ticks(own.user_ns), ticks(own.system_ns), ticks(children.user_ns),
                           ticks(children.system_ns)};
    if (buffer.value() != 0)
        TRY_VOID(copy_struct_to_user(buffer, answer, sizeof answer));
    return ticks(clock_ns());
}

} // namespace faultline
