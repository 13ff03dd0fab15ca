// The watch for soft lockups (Linux: kernel/watchdog.c).
#include "kernel/debug/watchdog.hpp"

#include <arch/current.hpp>
#include <arch/interrupts.hpp>
#include <arch/processor.hpp>

#include "kernel/debug/panic.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/task.hpp"
#include "kernel/sched/timer.hpp"
#include "kernel/sched/watchdog.hpp"

namespace faultline {

#ifdef FAULTLINE_DEBUG

namespace {

struct Stuck {
    u32 touches = 0; // as they were at the last tick
    u32 ticks = 0;   // since they changed
};
constinit PerCpu<Stuck> stuck;

void report(u64 ns) {
    const Task& task = *current();
    printk(KERN_ERR, "watchdog: BUG: soft lockup - CPU#%u stuck for %us! [%s:%d]", smp_processor_id(),
           static_cast<u32>(ns / NSEC_PER_SEC), task.comm, task.pid);
    log_stack(*interrupted_registers());
}

} // namespace

void watchdog_tick(u64 tick_ns) {
    Stuck& here = stuck.here();
    const u32 touches = watchdog_touches.here();
    if (touches != here.touches || interrupted_user_mode()) {
        here = {.touches = touches};
        return;
    }
    const u64 limit_ns = 2 * NSEC_PER_SEC * watchdog_config.watchdog_thresh;
    const u64 before_ns = here.ticks++ * tick_ns, now_ns = before_ns + tick_ns;
    if (limit_ns != 0 && before_ns < limit_ns && now_ns >= limit_ns) // once for each time
        report(now_ns);
}

#endif

} // namespace faultline
