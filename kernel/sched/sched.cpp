// The most urgent task runs until it sleeps, until a more urgent one wakes up, or until its slice is over and
// an equal waits; in the last two cases need_resched is set, and it gives up the CPU when the kernel comes to
// a point where it may: the way back to user mode, or cond_resched().
#include "kernel/sched/sched.hpp"

#include <algorithm>

#include <arch/irq.hpp>

#include "arch/contract/clock.hpp"
#include "base/late.hpp"
#include "kernel/sched/prio_array.hpp"
#include "mm/fault.hpp"

namespace faultline {

constinit TaskDeadHook task_dead_hook = nullptr;
constinit LeaveIdleHook leave_idle_hook = nullptr;

namespace {

using Where = PrioArray::Where;

// One per CPU; there is one CPU.
struct RunQueue {
    PrioArray tasks; // runnable, the running one not among them
    Task* idle = nullptr;
    Task* previous = nullptr;      // whom the switch in progress left
    MmStruct* active_mm = nullptr; // whose translations this CPU uses
    u64 switched_ns = 0;           // when the running task got the CPU
    u64 turn_began_ns = 0;         // the same, but for what it had used up of this turn already
};

constinit Late<RunQueue> run_queue;

RunQueue& this_rq() { return *run_queue; }

// The end of the running task's slice matters only if an equal waits.
void want_slice_end(const RunQueue& rq, const Task& running) {
    if (const u64 slice = sched_slice(running); slice != NO_DEADLINE)
        want_event(rq.turn_began_ns + slice);
}

bool slice_over(const RunQueue& rq, const Task& running, u64 now) {
    return now - rq.turn_began_ns >= sched_slice(running);
}

void begin_turn(RunQueue& rq, const Task& running, u64 began) {
    rq.turn_began_ns = began;
    if (rq.tasks.has(PrioArray::level_of(running)))
        want_slice_end(rq, running);
}

// Somebody else than current became runnable: current makes room for one more urgent, and is no longer alone
// with an equal.
void enqueue(RunQueue& rq, Task& task, Where where) {
    rq.tasks.add(task, where);
    Task& running = *current();
    if (&running == rq.idle)
        return; // looks by itself
    const u32 level = PrioArray::level_of(task), running_level = PrioArray::level_of(running);
    if (level < running_level)
        running.need_resched = true;
    else if (level == running_level)
        want_slice_end(rq, running);
}

// The running task stays runnable. Preempted, it keeps its place before its equals and the rest of its turn;
// if the slice is over, or it gave way by itself, it is their turn.
void put_prev_task(RunQueue& rq, Task& task, bool preempted) {
    if (preempted) {
        const u64 now = clock_ns();
        if (!slice_over(rq, task, now)) {
            task.slice_used_ns = static_cast<u32>(std::min(now - rq.turn_began_ns, RR_TIMESLICE_NS));
            return rq.tasks.add(task, Where::Front);
        }
    }
    rq.tasks.add(task, Where::Back);
}

Task& pick_next_task(RunQueue& rq) { return rq.tasks.empty() ? *rq.idle : rq.tasks.pop(); }

void set_next_task(RunQueue& rq, Task& task, u64 now) {
    begin_turn(rq, task, now - task.slice_used_ns);
    task.slice_used_ns = 0;
}

// A task without an mm runs on whatever address space is there and never touches it (Linux: lazy TLB).
// Whoever drops an mm leaves it first, through use_mm().
void activate_mm(RunQueue& rq, MmStruct* mm) {
    if (mm == rq.active_mm)
        return;
    rq.active_mm = mm;
    switch_mm(mm != nullptr ? &mm->context : nullptr);
}

// On the new task's stack. A dead task's stack and structure can go only now that nobody runs on them.
void finish_task_switch(RunQueue& rq) {
    Task* previous = rq.previous;
    rq.previous = nullptr;
    if (previous != nullptr && previous->state == TaskState::Dead && task_dead_hook != nullptr)
        task_dead_hook(*previous);
}

void context_switch(RunQueue& rq, Task& from, Task& to, u64 now) {
    from.run_ns += now - rq.switched_ns;
    rq.switched_ns = now;
    if (to.mm.mm != nullptr)
        activate_mm(rq, to.mm.mm);
    rq.previous = &from;
    set_current(&to);
    switch_to(from.context, to.context);
    finish_task_switch(rq);
}

// A signal that came before the task was asleep must not be slept through (Linux: signal_pending_state).
bool must_not_sleep(const Task& task) {
    return (task.state == TaskState::Interruptible && signal_pending()) ||
           (task.state == TaskState::Killable && fatal_signal_pending());
}

struct SleepTimer : Timer {
    Task* task = nullptr;
    bool fired = false;
};

void end_sleep(Timer& timer) {
    auto& sleep = static_cast<SleepTimer&>(timer);
    sleep.fired = true;
    wake_up_process(*sleep.task);
}

} // namespace

void init_scheduler(Task& idle) {
    IrqGuard irqs;
    init_timers();
    RunQueue& rq = run_queue.emplace();
    rq.idle = &idle;
    rq.switched_ns = clock_ns();
    idle.kernel_task = true;
    idle.state = TaskState::Running;
    set_current(&idle);
}

void schedule() {
    lockdep::might_sleep();
    if (pagefault_disabled())
        panic("sleep in atomic context: schedule() with page faults disabled");
    IrqGuard irqs;
    RunQueue& rq = this_rq();
    Task& previous = *current();
    const bool preempted = previous.need_resched;
    previous.need_resched = false;
    if (must_not_sleep(previous))
        previous.state = TaskState::Running;
    if (&previous == rq.idle) {
        if (previous.state != TaskState::Running)
            panic("the idle task went to sleep");
    } else if (previous.state == TaskState::Running) {
        put_prev_task(rq, previous, preempted);
    }
    Task& next = pick_next_task(rq);
    const u64 now = clock_ns();
    set_next_task(rq, next, now);
    if (&next != &previous)
        context_switch(rq, previous, next, now);
}

void yield() {
    Task& task = *current();
    task.need_resched = false;
    if (this_rq().tasks.first_level() <= PrioArray::level_of(task))
        schedule();
}

bool schedule_until(Deadline deadline) {
    if (deadline.never()) {
        schedule();
        return true;
    }
    SleepTimer timer;
    timer.task = current();
    timer.expired = end_sleep;
    mod_timer(timer, deadline);
    schedule();
    del_timer(timer);
    return !timer.fired;
}

bool wake_up_process(Task& task) {
    IrqGuard irqs;
    if (task.state == TaskState::Running || task.state == TaskState::Zombie || task.state == TaskState::Dead)
        return false;
    task.state = TaskState::Running;
    if (&task != current()) // else it was only about to sleep
        enqueue(this_rq(), task, Where::Back);
    return true;
}

void wake_up_new_task(Task& task) {
    IrqGuard irqs;
    task.state = TaskState::Running;
    enqueue(this_rq(), task, Where::Back);
}

void sched_set_prio(Task& task, s32 prio) {
    IrqGuard irqs;
    RunQueue& rq = this_rq();
    const bool running = &task == current();
    const bool queued = task.state == TaskState::Running && !running;
    const Where where = prio > task.prio ? Where::Front : Where::Back;
    if (queued)
        rq.tasks.remove(task);
    task.prio = prio;
    task.slice_used_ns = 0;
    if (queued)
        enqueue(rq, task, where);
    if (running) {
        begin_turn(rq, task, clock_ns());
        if (rq.tasks.first_level() < PrioArray::level_of(task))
            task.need_resched = true;
    }
}

void schedule_tail() {
    finish_task_switch(this_rq());
    local_irq_enable();
}

void cpu_idle() {
    while (true) {
        local_irq_disable();
        if (this_rq().tasks.empty())
            wait_for_interrupt();
        local_irq_enable();
        if (!this_rq().tasks.empty() && leave_idle_hook != nullptr)
            leave_idle_hook();
        schedule();
    }
}

void scheduler_tick() {
    RunQueue& rq = this_rq();
    Task& running = *current();
    if (&running == rq.idle || !rq.tasks.has(PrioArray::level_of(running)))
        return;
    if (slice_over(rq, running, clock_ns()))
        running.need_resched = true;
    else
        want_slice_end(rq, running);
}

void use_mm(MmStruct* mm) {
    IrqGuard irqs;
    current()->mm.mm = mm;
    activate_mm(this_rq(), mm);
}

u64 task_run_time_ns(const Task& task) {
    IrqGuard irqs;
    return &task == current() ? task.run_ns + (clock_ns() - this_rq().switched_ns) : task.run_ns;
}

u32 nr_running() {
    IrqGuard irqs;
    RunQueue& rq = this_rq();
    u32 running = current() != rq.idle ? 1 : 0;
    rq.tasks.for_each([&](const Task&) { ++running; });
    return running;
}

// mm/host.hpp
MmTask& current_mm_task() { return current()->mm; }

void cond_resched() {
    if (current()->need_resched)
        schedule();
}

} // namespace faultline
