// The parts of /proc that count what the machine did: stat and loadavg (proc(5)).
#include "arch/contract/clock.hpp"
#include "kernel/fs/procfs.hpp"
#include "kernel/proc/loadavg.hpp"
#include "kernel/proc/thread_group.hpp"
#include "kernel/proc/time.hpp"

namespace faultline {

namespace {

constexpr u64 CLOCK_TICK_NS = NSEC_PER_SEC / 100; // USER_HZ

unsigned long long ticks(u64 nanoseconds) { return nanoseconds / CLOCK_TICK_NS; }

// What all processes used that are there, or were waited for.
CpuTime cpu_time_of_all() {
    static constinit CpuTime reported;
    CpuSamples sum;
    for_each_process([&](const ThreadGroup& group) {
        sum.add(group_use(group).cpu);
        sum.add(group.children_use.cpu);
    });
    return cputime_adjust(sum, reported);
}

} // namespace

u64 idle_time_ns() {
    const CpuTime used = cpu_time_of_all();
    const u64 busy = used.user_ns + used.system_ns, now = clock_ns();
    return now > busy ? now - busy : 0;
}

Result<void> show_stat(const Inode&, SeqFile& out) {
    const CpuTime used = cpu_time_of_all();
    // user nice system idle iowait irq softirq steal guest guest_nice
    for (const char* name : {"cpu ", "cpu0"})
        out.printf("%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name, ticks(used.user_ns), ticks(used.system_ns),
                   ticks(idle_time_ns()));
    out.printf("btime %llu\nprocs_running %u\nprocs_blocked 0\n",
               static_cast<unsigned long long>((realtime_ns() - clock_ns()) / NSEC_PER_SEC),
               static_cast<unsigned>(nr_running()));
    return {};
}

Result<void> show_loadavg(const Inode&, SeqFile& out) {
    for (const u32 average : get_avenrun().minutes) {
        const u32 hundredths = (average * 100 + (1u << LOAD_SHIFT) / 2) >> LOAD_SHIFT;
        out.printf("%u.%02u ", static_cast<unsigned>(hundredths / 100),
                   static_cast<unsigned>(hundredths % 100));
    }
    out.printf("%u/%u %d\n", static_cast<unsigned>(nr_running()), static_cast<unsigned>(task_count()),
               static_cast<int>(last_pid_given()));
    return {};
}

} // namespace faultline
