// Round-robin. Runnable tasks stand in a queue; the one in front runs until it sleeps, or until its slice is
// over and the kernel comes to a point where it may give up the CPU: the way back to user mode, or
// cond_resched().
#include "kernel/sched/sched.hpp"

#include <arch/irq.hpp>

#include "arch/contract/clock.hpp"
#include "base/late.hpp"
#include "mm/fault.hpp"

namespace faultline {

constinit TaskDeadHook task_dead_hook = nullptr;

namespace {

// One per CPU; there is one CPU.
struct RunQueue {
    List<Task, &Task::run_link> tasks; // runnable, the running one not among them
    u32 length = 0;
    Task* idle = nullptr;
    Task* previous = nullptr;      // whom the switch in progress left
    MmStruct* active_mm = nullptr; // whose translations this CPU uses
    u64 slice_end_ns = 0;          // of the running task
    u64 switched_ns = 0;           // when it got the CPU
};

constinit Late<RunQueue> run_queue;

RunQueue& this_rq() { return *run_queue; }

void enqueue(RunQueue& rq, Task& task) {
    rq.tasks.push_back(task);
    ++rq.length;
    if (current() != rq.idle)
        want_event(rq.slice_end_ns); // the running task is no longer alone
}

Task& pick_next_task(RunQueue& rq) {
    if (rq.tasks.empty())
        return *rq.idle;
    Task& next = rq.tasks.front();
    rq.tasks.pop_front();
    --rq.length;
    return next;
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

void context_switch(RunQueue& rq, Task& from, Task& to) {
    const u64 now = clock_ns();
    from.run_ns += now - rq.switched_ns;
    rq.switched_ns = now;
    rq.slice_end_ns = now + SLICE_NS;
    if (!rq.tasks.empty())
        want_event(rq.slice_end_ns);
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
    if (pagefault_disabled())
        panic("sleep in atomic context: schedule() with page faults disabled");
    IrqGuard irqs;
    RunQueue& rq = this_rq();
    Task& previous = *current();
    previous.need_resched = false;
    if (must_not_sleep(previous))
        previous.state = TaskState::Running;
    if (&previous == rq.idle) {
        if (previous.state != TaskState::Running)
            panic("the idle task went to sleep");
    } else if (previous.state == TaskState::Running) {
        enqueue(rq, previous);
    }
    Task& next = pick_next_task(rq);
    if (&next == &previous)
        rq.slice_end_ns = clock_ns() + SLICE_NS;
    else
        context_switch(rq, previous, next);
}

bool schedule_until(u64 deadline_ns) {
    if (deadline_ns == NO_DEADLINE) {
        schedule();
        return true;
    }
    SleepTimer timer;
    timer.task = current();
    timer.expired = end_sleep;
    mod_timer(timer, deadline_ns);
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
        enqueue(this_rq(), task);
    return true;
}

void wake_up_new_task(Task& task) {
    IrqGuard irqs;
    task.state = TaskState::Running;
    enqueue(this_rq(), task);
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
        schedule();
    }
}

void scheduler_tick() {
    RunQueue& rq = this_rq();
    if (rq.tasks.empty())
        return;
    if (clock_ns() >= rq.slice_end_ns)
        current()->need_resched = true;
    else
        want_event(rq.slice_end_ns);
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
    RunQueue& rq = this_rq();
    return rq.length + (current() != rq.idle ? 1 : 0);
}

// mm/host.hpp
MmTask& current_mm_task() { return current()->mm; }

void cond_resched() {
    if (current()->need_resched)
        schedule();
}

} // namespace faultline
