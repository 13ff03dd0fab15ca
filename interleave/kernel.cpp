// What mm/ and the futex code need from the kernel around them, where every CPU has one task of its own. These
// functions take the place of kernel/sched: the linker finds them first.
#include <arch/current.hpp>
#include <arch/machine_control.hpp>
#include <arch/processor.hpp>

#include <cstdarg>
#include <cstdio>

#include "interleave/world.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"
#include "mm/fault.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

using interleave::Violation;
using interleave::World;

MmLimits current_mm_limits() { return {}; }
MmRights current_mm_rights() { return {}; }
bool fatal_signal_pending() { return false; }
bool out_of_memory() { return false; }
bool signal_pending() { return false; }
void leave_lazy_mm(MmStruct&) {}
void wakeup_flusher_threads() {}
void wakeup_kswapd() {}
void cond_resched() { schedule_point("cond_resched"); }

// The CPU is idle while its task sleeps.
void schedule() {
    lockdep::might_sleep();
    if (pagefault_disabled())
        panic("sleep in atomic context: schedule() with page faults disabled");
    Task& self = *current();
    const std::function<bool()> awake = [&self] { return self.state == TaskState::Running; };
    if (awake())
        schedule_point("give way");
    else if (model::schedule_watcher != nullptr)
        model::schedule_watcher->wait_until("sleep", awake);
    else
        throw Violation("a task sleeps, and nothing runs that could wake it");
}

bool schedule_until(Deadline deadline) {
    if (!deadline.never())
        throw Violation("no clock runs here");
    schedule();
    return true;
}

bool wake_up_process(Task& task) {
    if (task.state == TaskState::Running)
        return false;
    task.state = TaskState::Running;
    schedule_point("woken");
    return true;
}

void sched_set_prio(Task& task, s32 prio) { task.prio = prio; }

constinit SpinLock tasklist_lock("tasklist_lock");

bool ptrace_may_read(const Task&) { return true; }
Task* find_task_by_vpid(s32 pid) {
    const auto cpu = static_cast<u32>(pid - 1);
    return cpu < World::get().machine.cpu_count() ? &World::get().task(cpu) : nullptr;
}

// No call here has a time-out.
Result<u64> get_timespec32(UserAddr) { return Err(Errno::FAULT); }
Result<u64> get_timespec64(UserAddr) { return Err(Errno::FAULT); }

// What the kernel reports ends the run: here it is always a livelock.
void printk(PrintkLevel, const char* format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    World::get().report.emplace_back(text);
}
void console_printf(const char*, ...) {}
void panic(const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    interleave::violated("kernel panic: " + std::string(text));
}
void machine_exit(u8 status) {
    if (status != LIVELOCK_STATUS)
        throw Violation("the kernel ended the machine");
    throw interleave::Livelock(World::get().report.front());
}

} // namespace faultline
