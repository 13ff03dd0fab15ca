// /proc/stat and /proc/loadavg: what the machine has done (proc(5)).
#include <arch/interrupts.hpp>

#include "abi/block/block_device.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/sched/loadavg.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/realtime.hpp"
#include "abi/time/tick.hpp"
#include "arch/contract/clock.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constexpr u64 CLOCK_TICK_NS = NSEC_PER_SEC / 100; // USER_HZ

unsigned long long ticks(u64 nanoseconds) { return nanoseconds / CLOCK_TICK_NS; }

template <class Visitor>
void for_each_online_cpu(Visitor&& visit) {
    for (const u32 cpu : cpus_online())
        visit(cpu);
}

void cpu_line(SeqFile& out, const CpuTime& busy, u64 idle_ns) {
    // user nice system idle iowait irq softirq steal guest guest_nice
    out.printf(" %llu 0 %llu %llu 0 0 0 0 0 0\n", ticks(busy.user_ns), ticks(busy.system_ns), ticks(idle_ns));
}

// How often the CPUs have taken interrupts: all of them, and those of each number.
void intr_line(SeqFile& out) {
    const auto taken = [](u32 intid) {
        u64 sum = 0;
        for_each_online_cpu([&](u32 cpu) { sum += interrupt_count(intid, cpu); });
        return static_cast<unsigned long long>(sum);
    };
    unsigned long long all = 0;
    for (u32 intid = 0; intid < MAX_INTID; ++intid)
        all += taken(intid);
    out.printf("intr %llu", all);
    for (u32 intid = 0; intid < MAX_INTID; ++intid)
        out.printf(" %llu", taken(intid));
    out.text("\n");
}

// How many tasks wait for a disk: each request has one. (Linux: the same name.)
u32 nr_iowait() {
    u32 waiting = 0;
    for (BlockDevice* device = first_blkdev(); device != nullptr; device = device->next)
        waiting += block_stats(*device).in_flight;
    return waiting;
}

} // namespace

u64 idle_time_ns() {
    u64 sum = 0;
    for_each_online_cpu([&](u32 cpu) { sum += cpu_idle_ns(cpu); });
    return sum;
}

Result<void> show_stat(const Inode&, SeqFile& out) {
    CpuTime all;
    for_each_online_cpu([&](u32 cpu) {
        const CpuTime busy = cpu_busy_time(cpu);
        all.user_ns += busy.user_ns;
        all.system_ns += busy.system_ns;
    });
    out.text("cpu ");
    cpu_line(out, all, idle_time_ns());
    for_each_online_cpu([&](u32 cpu) {
        out.printf("cpu%u", static_cast<unsigned>(cpu));
        cpu_line(out, cpu_busy_time(cpu), cpu_idle_ns(cpu));
    });
    intr_line(out);
    out.printf("ctxt %llu\nbtime %llu\nprocesses %u\nprocs_running %u\nprocs_blocked %u\n",
               static_cast<unsigned long long>(nr_context_switches()),
               static_cast<unsigned long long>((realtime_ns() - clock_ns()) / NSEC_PER_SEC),
               static_cast<unsigned>(total_forks), static_cast<unsigned>(nr_running()),
               static_cast<unsigned>(nr_iowait()));
    return {};
}

Result<void> show_loadavg(const Inode&, SeqFile& out) {
    for (const u32 average : get_avenrun().minutes) {
        const u32 hundredths = (average * 100 + (1u << LOAD_SHIFT) / 2) >> LOAD_SHIFT;
        out.printf("%u.%02u ", static_cast<unsigned>(hundredths / 100), static_cast<unsigned>(hundredths % 100));
    }
    out.printf("%u/%u %d\n", static_cast<unsigned>(nr_running()), static_cast<unsigned>(task_count()),
               static_cast<int>(last_pid_given()));
    return {};
}

} // namespace faultline
