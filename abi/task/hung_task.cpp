// The watch for tasks that hang (Linux: kernel/hung_task.c). A timer looks at all tasks as often as the time-out passes. It
// reports a task that has not left the CPU again since a look that is as long ago. A report comes one to two time-outs
// after the sleep began, and again with each look, ten times in all.
#include "abi/task/hung_task.hpp"

#ifdef FAULTLINE_DEBUG

#include "abi/task/pid.hpp"
#include "abi/task/siglock.hpp"
#include "base/late.hpp"
#include "kernel/debug/panic.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/debug/watchdog.hpp"
#include "kernel/sched/task.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

namespace {

// A look masks interrupts, and is over after so many tasks. The next one goes on soon.
constexpr u32 TASKS_AT_ONCE = 256;
constexpr u64 SOON_NS = 1'000'000;

constinit Late<Timer> timer; // `under` siglock, which guards the rest, too
constinit s32 next_pid = 1;
constinit u32 warnings_left = 10;

u64 timeout_ns() { return NSEC_PER_SEC * watchdog_config.hung_task_timeout_secs; }

void check(Task& task, u64 now) {
    const u32 switches = task.nvcsw + task.nivcsw;
    if (task.state != TaskState::Uninterruptible || switches == 0) // 0: it is new
        return;
    if (switches != task.last_switch_count) {
        task.last_switch_count = switches;
        task.last_switch_ns = now;
    } else if (now - task.last_switch_ns >= timeout_ns() && warnings_left != 0) {
        --warnings_left;
        printk(KERN_ERR, "INFO: task %s:%d blocked for more than %u seconds.", task.comm, task.pid,
               static_cast<u32>((now - task.last_switch_ns) / NSEC_PER_SEC));
        log_stack(task);
    }
}

void look(Timer&) {
    const u64 now = clock_ns();
    Task* task = next_task(next_pid);
    for (u32 looked_at = 0; task != nullptr && looked_at < TASKS_AT_ONCE; ++looked_at) {
        check(*task, now);
        task = next_task(task->pid + 1);
    }
    next_pid = task != nullptr ? task->pid : 1;
    mod_timer(*timer, now + (task != nullptr ? SOON_NS : timeout_ns()));
}

} // namespace

void init_hung_task() {
    timer.emplace();
    timer->expired = look;
    timer->under = &siglock;
    set_hung_task_timeout(watchdog_config.hung_task_timeout_secs);
}

void set_hung_task_timeout(u32 seconds) {
    const SigLocked lock;
    watchdog_config.hung_task_timeout_secs = seconds;
    next_pid = 1;
    mod_timer(*timer, seconds != 0 ? Deadline(clock_ns() + timeout_ns()) : Deadline());
}

} // namespace faultline

#endif
