// The scheduler. The most urgent runnable tasks have the CPUs; equally urgent tasks take turns, and those that are not
// real-time have shares by their nice values. User code is preempted, the kernel is not. sched(7). Policies and
// priorities: kernel/sched/policy.hpp; what real-time tasks may have: kernel/sched/rt_bandwidth.hpp.
#pragma once

#include <arch/current.hpp>

#include "base/result.hpp"
#include "kernel/sched/task.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

// current(), the task that runs on this CPU, is declared in <arch/current.hpp>.

// Makes the code that runs now this CPU's idle task, and sets up the CPU's run queue and timers. Once on each CPU, at
// boot. Afterwards the CPU is one of cpus_online().
void init_scheduler(Task& idle);

// Gives up the CPU. Returns when the task is scheduled again, in state Running. If current's state is Running, the task
// goes to the back of the queue of its priority. If it was preempted (need_resched is set and its slice is not over),
// it goes to the front. An Interruptible or Killable task with a signal of that kind pending does not go to sleep. The
// kernel lock is released meanwhile. Not from interrupt handlers, not with a spin lock held or page faults disabled
// (panics: "sleep in atomic context").
void schedule();

// Lets the queued tasks of current's priority run first, whatever need_resched says. Returns at once if there are none.
// (sched_yield(2).)
void yield();

// As schedule(), but wakes up at `deadline` at the latest. The caller has set current's state. Returns false if the
// deadline passed, true if something else ended the sleep.
bool schedule_until(Deadline deadline);

// Makes a sleeping task runnable. Returns true if it was asleep or about to sleep. Callable from anywhere, interrupt
// handlers included. The caller makes sure that the task is not freed meanwhile. What the caller stored before, the
// task sees when it wakes up. (Linux: try_to_wake_up.)
bool wake_up_process(Task& task);

// Spins until no CPU uses the kernel stack of a task that no longer runs. A zombie can be found before its CPU has left
// it. (Linux: the same name.)
void wait_task_inactive(const Task& task);

// Makes a new task runnable for the first time. (Linux: the same name.)
void wake_up_new_task(Task& task);

// The first call of a new task, in the function given to init_context(). Finishes the switch that brought it here, and
// turns interrupts on. (Linux: schedule_tail.)
void schedule_tail() RELEASE(irqs_masked);

// The idle task's loop: switches to runnable tasks, and waits for an interrupt when there are none. Never returns.
[[noreturn]] void cpu_idle();

// Sets need_resched if current's slice is over and an equal waits, here or on another CPU. Without such an equal there
// is no tick: only armed timers interrupt a lone task or an idle CPU. abi/time/tick.cpp arms one every 4 ms while a
// task runs. Called by timer_interrupt().
void scheduler_tick() REQUIRES(irqs_masked);

// Sets the priority that the scheduler obeys (0 … 139, policy.hpp), and starts a new slice. A queued task goes to the
// front of its new equals if its priority fell, else to the back. Takes wake_lock. (Linux: rt_mutex_setprio,
// __sched_setscheduler.)
void sched_set_prio(Task& task, s32 prio);

// The online CPUs, as a mask.
CpuMask cpus_online();

// Sets the CPUs on which a task may run, a mask with at least one online CPU. Returns when the task runs on no other
// CPU: if it is in the kernel on such a CPU, the caller sleeps until it has left. The caller makes sure that the task
// is not freed before that sleep, which releases the kernel lock. (Linux: set_cpus_allowed_ptr.)
void set_cpus_allowed(Task& task, CpuMask cpus);

// If the task runs on another CPU, makes it check sigpending and need_resched soon. (Linux: the same name.)
void kick_process(const Task& task) REQUIRES(irqs_masked);

// Makes `mm` (nullptr: none) current's address space, at once. The caller manages the references of the old and the new
// one.
void use_mm(MmStruct* mm);

// How long a task has run so far, in nanoseconds, this turn included.
u64 task_run_time_ns(const Task& task);

// How much of each period real-time tasks may have a CPU: /proc/sys/kernel/sched_rt_runtime_us and sched_rt_period_us.
// A runtime of -1, of 0, or as long as the period is no limit. Setting it: INVAL for a period below 1, a runtime below
// -1 or above the period; caller holds the kernel lock. (kernel/sched/rt_bandwidth.hpp)
struct RtBandwidth {
    s32 runtime_us = 950'000;
    s32 period_us = 1'000'000;
};
RtBandwidth rt_bandwidth();
Result<void> set_rt_bandwidth(RtBandwidth next);

// The idle task of an online CPU.
const Task& idle_task_of(u32 cpu);

// The number of runnable tasks on all CPUs: queued and running ones, idle tasks not counted.
u32 nr_running();

// How often tasks have left a CPU since boot, idle ones too. (Linux: the same name.)
u64 nr_context_switches();

} // namespace faultline
