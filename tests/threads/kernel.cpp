// What mm/ and the futex code need from the kernel around them, where every CPU is a thread with one task of its own.
// While that task sleeps, the CPU is idle.
#include <arch/current.hpp>
#include <arch/machine_control.hpp>
#include <arch/processor.hpp>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "kernel/debug/printk.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"
#include "mm/fault.hpp"
#include "mm/upcalls.hpp"
#include "tests/threads/kernel.hpp"

namespace faultline {

namespace {

std::mutex wake_ups; // orders what was done before a wake-up before what is done after it

} // namespace

constinit SpinLock tasklist_lock("tasklist_lock");
std::array<Task, machine::MAX_CPUS> threads::tasks;

// A panic ends the program: the thread may hold any lock.
void panic(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vfprintf(stderr, format, arguments);
    va_end(arguments);
    std::fputc('\n', stderr);
    std::abort();
}

MmLimits current_mm_limits() { return {}; }
MmRights current_mm_rights() { return {}; }
bool fatal_signal_pending() { return false; }
bool out_of_memory() { return false; }
bool signal_pending() { return false; }
void wakeup_flusher_threads() {}
void wakeup_kswapd() {}
void leave_lazy_mm(MmStruct&) {} // no CPU stays in an address space that is not its task's
void cond_resched() {}

void schedule() {
    lockdep::might_sleep();
    const Task& self = *current();
    model::schedule_watcher->wait_until("sleep", [&self] {
        const std::scoped_lock lock(wake_ups);
        return self.state == TaskState::Running;
    });
}

bool schedule_until(Deadline deadline) {
    if (!deadline.never())
        panic("no clock runs here");
    schedule();
    return true;
}

bool wake_up_process(Task& task) {
    const std::scoped_lock lock(wake_ups);
    if (task.state == TaskState::Running)
        return false;
    task.state = TaskState::Running;
    return true;
}

void sched_set_prio(Task& task, s32 prio) { task.prio = prio; }

bool ptrace_may_read(const Task&) { return true; }
Task* find_task_by_vpid(s32 pid) {
    return pid >= 1 && pid <= static_cast<s32>(threads::tasks.size()) ? &threads::tasks[static_cast<u32>(pid - 1)]
                                                                      : nullptr;
}

// No call here has a time-out.
Result<u64> get_timespec32(UserAddr) { return Err(Errno::FAULT); }
Result<u64> get_timespec64(UserAddr) { return Err(Errno::FAULT); }

void printk(PrintkLevel, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vfprintf(stderr, format, arguments);
    va_end(arguments);
    std::abort(); // the only report is that of a livelock
}
void console_printf(const char*, ...) {}
void machine_exit(u8 status) { std::exit(status); }

} // namespace faultline
