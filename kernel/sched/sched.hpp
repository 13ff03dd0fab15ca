// The scheduler: the most urgent runnable tasks have the CPUs; equals take turns. Preemptive for user code; the
// kernel itself is never preempted. sched(7); policies and priorities are in kernel/sched/policy.hpp.
#pragma once

#include <arch/current.hpp>

#include "base/result.hpp"
#include "kernel/sched/task.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

// current() of <arch/current.hpp>: the running task of this CPU.

// Once on each CPU, at boot: makes the code that runs now its idle task. Empties its run queue and its timer queue.
// From here on the CPU is one of cpus_online().
void init_scheduler(Task& idle);

// Gives up the CPU. If current's state is still Running it goes to the back of the queue of its priority; but
// if current->need_resched is set and its slice is not over, to the front: it was preempted, and goes on
// before its equals. An Interruptible or Killable current with a signal of that kind pending does not go to
// sleep. Returns when scheduled again, state Running. Not from interrupts, not with a spin lock held or page
// faults disabled (panics: "sleep in atomic context"). The kernel lock is given up meanwhile.
void schedule();

// Lets every task of current's priority run first, if there are any; whatever need_resched says.
// (sched_yield(2).)
void yield();

// As schedule(), but wakes at `deadline` at the latest. Caller has set
// current's state. Returns true if woken by somebody (or a signal), false if the deadline passed.
bool schedule_until(Deadline deadline);

// Makes a sleeping task runnable; true if it was sleeping. Callable from anywhere, interrupts included. The caller
// knows that the task is not freed meanwhile. What it waits for, if changed before, it will see. (Linux:
// try_to_wake_up.)
bool wake_up_process(Task& task);

// Waits until no CPU stands on the stack of a task that runs no more: a zombie is found before its CPU has left it.
// (Linux: the same name.)
void wait_task_inactive(const Task& task);

// Puts a new task on the run queue.
void wake_up_new_task(Task& task);

// What a new task calls first, in the function given to init_context(): ends the switch that brought it here,
// with interrupts on afterwards. (Linux: schedule_tail.)
void schedule_tail();

// The life of the idle task: runs what is runnable, else waits for an interrupt. Never returns.
[[noreturn]] void cpu_idle();

// If the slice of current is over and an equal waits, here or on another CPU, current->need_resched. There is no tick
// without such an equal: a lone task, or an idle CPU, is interrupted by nothing but the timers that somebody armed, as
// abi/time/tick.cpp does every 4 ms while any task runs. From timer_interrupt().
void scheduler_tick();

// Changes the priority that the scheduler obeys; its slice begins anew. A runnable task goes to the back of
// its new equals if it rose, to the front if it fell. (Linux: rt_mutex_setprio, __sched_setscheduler.)
void sched_set_prio(Task& task, s32 prio);

// The CPUs that there are, as a mask.
u32 cpus_online();

// The CPUs on which a task may run, at least one of them online. Returns when it runs on no other any more: one that is
// just in the kernel there leaves it on its way out, and the caller sleeps meanwhile. The caller sees to the task's not
// being freed before that sleep, which gives up the kernel lock. (Linux: set_cpus_allowed_ptr.)
void set_cpus_allowed(Task& task, u32 cpus);

// Has the task, if it runs on another CPU, look at sigpending and need_resched soon. (Linux: the same name.)
void kick_process(const Task& task);

// Makes `mm` (nullptr: none) current's address space, at once. The caller owns the references of both.
void use_mm(MmStruct* mm);

// Nanoseconds a task has run so far, this turn included.
u64 task_run_time_ns(const Task& task);

// The task that an online CPU runs when there is no other.
const Task& idle_task_of(u32 cpu);

// Runnable tasks of all CPUs, the running ones included, idle ones not.
u32 nr_running();

} // namespace faultline
