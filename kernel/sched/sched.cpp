// Which task has the CPU, and the switch from one to the next. A task runs until it sleeps, until a more urgent task
// wakes up, or until its slice is over and an equal waits. In the last two cases need_resched is set, and the task
// gives up the CPU at the next point where it may: on the way back to user mode, or in cond_resched().
#include "kernel/sched/sched.hpp"

#include <algorithm>
#include <utility>

#include <arch/irq.hpp>
#include <arch/smp.hpp>

#include "arch/contract/clock.hpp"
#include "arch/contract/tlb.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/concurrency.hpp"
#include "base/irq_guard.hpp"
#include "base/trace.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/sched/rt_bandwidth.hpp"
#include "kernel/sched/run_queue.hpp"
#include "kernel/sched/watchdog.hpp"
#include "kernel/upcalls.hpp"
#include "mm/fault.hpp"
#include "mm/mm_struct.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

constinit PerCpu<Late<RunQueue>> run_queues;
constinit Relaxed<CpuMask> online_cpus;

namespace {

using Where = PrioArray::Where;

bool slice_over(const RunQueue& rq, const Task& running, u64 now) REQUIRES(rq.lock) {
    return now - rq.turn_began_ns >= sched_slice(running);
}

// The running task stays runnable and goes back into the queue. If it was preempted within its slice, it goes before
// its equals and keeps the rest of its turn. If its slice is over, or it yielded, it goes behind them. Equals are those
// of its real-time priority, or with its vruntime; one that yields lets the first go before it in any case. A task that
// may not run here any more is not queued: finish_task_switch() takes it to a CPU where it may run.
void put_prev_task(RunQueue& rq, Task& task, bool preempted, u64 now) REQUIRES(rq.lock) {
    if (!may_run_on(task, rq.cpu))
        return;
    task.waits_since_ns = now;
    if (!preempted && rq.running_level == PrioArray::NORMAL && rq.tasks.has(PrioArray::NORMAL))
        task.vruntime = std::max(task.vruntime, rq.tasks.front(PrioArray::NORMAL).vruntime);
    if (preempted && !slice_over(rq, task, now)) {
        task.slice_used_ns = static_cast<u32>(std::min(now - rq.turn_began_ns, RR_TIMESLICE_NS));
        return rq.add(task, Where::Front);
    }
    rq.add(task, Where::Back);
}

// Whether an equal of the running task, which is not the idle task, waits for its turn to end. An estimate as far as
// other CPUs go: the tasks in their queues are not examined one by one.
bool equal_waits(RunQueue& rq) REQUIRES(rq.lock) {
    return rq.queued_level <= rq.running_level || (!other_cpus(rq.cpu).empty() && equal_may_wait_elsewhere(rq));
}

void begin_turn(RunQueue& rq, u64 began) REQUIRES(rq.lock, irqs_masked) {
    rq.turn_began_ns = began;
    if (rq.running != rq.idle && equal_waits(rq))
        want_slice_end(rq);
}

// Ends the running task's turn if its slice is over and an equal waits. If the slice is not over, asks for an interrupt
// then.
void check_turn(RunQueue& rq, u64 now) REQUIRES(rq.lock, irqs_masked) {
    Task& running = *rq.running;
    if (&running == rq.idle || !equal_waits(rq))
        return;
    if (slice_over(rq, running, now))
        running.need_resched = true;
    else
        want_slice_end(rq);
}

// The scale rises with the least of the vruntimes, so that a task that wakes up finds it.
void raise_min_vruntime(RunQueue& rq) REQUIRES(rq.lock) {
    if (rq.running_level != PrioArray::NORMAL)
        return;
    u64 least = rq.running->vruntime;
    if (rq.tasks.has(PrioArray::NORMAL))
        least = std::min(least, rq.tasks.front(PrioArray::NORMAL).vruntime);
    rq.min_vruntime = std::max(rq.min_vruntime, least);
}

void set_next_task(RunQueue& rq, Task& task, u64 now) REQUIRES(rq.lock, irqs_masked) {
    rq.running = &task;
    rq.running_level = &task == rq.idle ? RunQueue::IDLE_LEVEL : PrioArray::level_of(task);
    task.on_cpu.store(true, std::memory_order_relaxed);
    begin_turn(rq, now - task.slice_used_ns);
    task.slice_used_ns = 0;
}

// A task without an mm keeps the address space that is active and never touches user memory (Linux: lazy TLB).
// leave_lazy_mm() ends that when the mm goes away.
void activate_mm(RunQueue& rq, MmStruct* mm) REQUIRES(irqs_masked) {
    if (mm == rq.active_mm)
        return;
    switch_mm(mm != nullptr ? &mm->context : nullptr);
    std::atomic_thread_fence(std::memory_order_release); // another CPU that sees the new value may free the old mm
    rq.active_mm = mm;
}

// This CPU's TLB may hold entries of the task's mm from an earlier visit that permit less than the page tables
// (contract/tlb.hpp): drops them.
void arrive(Task& task, u32 cpu) {
    if (task.ran_on == cpu)
        return;
    task.ran_on = cpu;
    if (task.mm.mm != nullptr && tlb_config.relax == TlbRelax::Lazy)
        local_flush_tlb_mm(task.mm.mm->context);
}

Departure* take_departure_of(RunQueue& rq, const Task& task) {
    const Guard lock(rq.lock);
    for (Departure& departure : rq.departures) {
        if (departure.task != &task)
            continue;
        rq.departures.erase(rq.departures.iterator_to(departure));
        rq.awaited = rq.awaited - 1;
        return &departure;
    }
    return nullptr;
}

// Completes the waits for `task` to leave this CPU. Either this CPU has left the task, which may be freed by now, or it
// was told to leave the task but may keep it after all.
void tell_departure_of(RunQueue& rq, const Task& task) {
    if (rq.awaited == 0) [[likely]]
        return;
    while (Departure* departure = take_departure_of(rq, task))
        complete(departure->left);
}

// Clears on_cpu of a task that can go on elsewhere, now that its stack is not in use, and has it run where it may.
void leave_runnable(const RunQueue& rq, Task& task) REQUIRES(irqs_masked) {
    if (task.on_rq == OnRq::Running) { // it may not run here
        task.on_cpu.store(false, std::memory_order_release);
        return move_to_allowed_cpu(task);
    }
    if (other_cpus(rq.cpu).empty())
        return task.on_cpu.store(false, std::memory_order_release);
    const Waiting waiting(task); // before another CPU can take it
    task.on_cpu.store(false, std::memory_order_release);
    offer(waiting);
}

// Runs on the new task's stack. Returns the task that was left if it is dead, else nullptr: only now that no CPU uses
// its stack can the stack and the task be freed. A zombie may be freed as soon as on_cpu is clear.
Task* finish_task_switch() REQUIRES(irqs_masked) {
    RunQueue& rq = this_rq();
    Task* previous = std::exchange(rq.previous, nullptr);
    if (previous == nullptr)
        return nullptr;
    const bool dead = previous->state == TaskState::Dead;
    if (previous->on_rq == OnRq::No || previous == rq.idle)
        previous->on_cpu.store(false, std::memory_order_release);
    else
        leave_runnable(rq, *previous);
    tell_departure_of(rq, *previous);
    return dead ? previous : nullptr;
}

void bury(Task* dead) {
    if (dead != nullptr)
        release_dead_task(*dead);
}

void context_switch(RunQueue& rq, Task& from, Task& to) REQUIRES(irqs_masked) {
    if (to.mm.mm != nullptr)
        activate_mm(rq, to.mm.mm);
    arrive(to, rq.cpu);
    TRACE(SchedSwitch, from.pid, TaskState{from.state}, to.pid, to.prio);
    rq.previous = &from;
    set_current(&to);
    switch_to(from.context, to.context);
}

// A signal that came before the task was asleep must end the sleep (Linux: signal_pending_state). The sender marks the
// signal as pending before it looks at the state (signal_wake_up).
bool must_not_sleep(const Task& task) {
    std::atomic_thread_fence(std::memory_order_seq_cst); // the state is set before the signals are read
    return (task.state == TaskState::Interruptible && signal_pending()) ||
           (task.state == TaskState::Killable && fatal_signal_pending());
}

// Decides what becomes of `previous`.
void leave(RunQueue& rq, Task& previous, u64 now) REQUIRES(rq.lock) {
    const bool preempted = std::exchange(previous.need_resched, false);
    if (previous.state != TaskState::Running && must_not_sleep(previous))
        previous.state = TaskState::Running;
    if (&previous == rq.idle) {
        if (previous.state != TaskState::Running)
            panic("the idle task went to sleep");
    } else if (previous.state == TaskState::Running) {
        put_prev_task(rq, previous, preempted, now);
    } else {
        std::atomic_thread_fence(std::memory_order_release); // wakers that see OnRq::No must see on_cpu set
        previous.on_rq = OnRq::No;
    }
}

// Chooses the next task. From now on it is the running one.
Task& pick_next_task(RunQueue& rq, Task& previous) REQUIRES(irqs_masked) {
    const Guard lock(rq.lock);
    const u64 now = clock_ns();
    charge(rq, now);
    leave(rq, previous, now);
    if (!other_cpus(rq.cpu).empty())
        pull(rq, now);
    Task& next = rq.queued_level == RunQueue::IDLE_LEVEL ? *rq.idle : rq.pop();
    set_next_task(rq, next, now);
    return next;
}

// Returns the task that was left if it is dead, else nullptr.
Task* switch_tasks() REQUIRES(irqs_masked) {
    touch_softlockup_watchdog();
    RunQueue& rq = this_rq();
    Task& previous = *current();
    Relaxed<u32>& count = previous.state == TaskState::Running ? previous.nivcsw : previous.nvcsw;
    Task& next = pick_next_task(rq, previous);
    if (&next == &previous) {
        tell_departure_of(rq, previous);
        return nullptr;
    }
    count = count + 1;
    rq.nr_switches = rq.nr_switches + 1;
    context_switch(rq, previous, next);
    return finish_task_switch();
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

// Called only while an equal waits: the end of a slice does not matter otherwise.
void want_slice_end(RunQueue& rq) {
    rq.turn_ends = true;
    if (const u64 slice = sched_slice(*rq.running); slice != NO_DEADLINE)
        want_event(rq.turn_began_ns + slice);
}

void init_scheduler(Task& idle) {
    IrqGuard irqs;
    init_timers();
    RunQueue& rq = run_queues.here().emplace();
    rq.cpu = machine::this_cpu().value();
    rq.idle = &idle;
    {
        const Guard lock(rq.lock);
        rq.running = &idle;
        rq.charged_ns = clock_ns();
    }
    idle.kernel_task = true;
    idle.state = TaskState::Running;
    idle.on_rq = OnRq::Running;
    idle.on_cpu.store(true, std::memory_order_relaxed);
    idle.cpu = idle.ran_on = rq.cpu;
    set_current(&idle);
    std::atomic_thread_fence(std::memory_order_seq_cst); // the run queue is complete before its bit is set
    online_cpus = cpus_online() | CpuMask::of(rq.cpu);
}

void schedule() {
    lockdep::might_sleep();
    if (pagefault_disabled())
        panic("sleep in atomic context: schedule() with page faults disabled");
    const KernelLockGivenUp meanwhile(*current());
    Task* dead;
    {
        IrqGuard irqs;
        dead = switch_tasks();
    }
    bury(dead); // before the kernel lock is taken: a task that waits for this may hold it
}

void yield() {
    Task& task = *current();
    task.need_resched = false;
    if (this_rq().queued_level <= PrioArray::level_of(task))
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

void schedule_tail() {
    Task* dead = finish_task_switch();
    local_irq_enable();
    bury(dead);
}

// A CPU marks itself idle before it looks for work. A CPU that has work queues it first and looks for idle CPUs second.
// So one of the two sees the other.
void cpu_idle() {
    RunQueue& rq = this_rq();
    while (true) {
        local_irq_disable();
        std::atomic_thread_fence(std::memory_order_seq_cst);
        pull_more_urgent(rq);
        const bool work = rq.queued_level != RunQueue::IDLE_LEVEL;
        if (!work)
            wait_for_interrupt();
        local_irq_enable();
        if (rq.queued_level == RunQueue::IDLE_LEVEL)
            continue;
        start_tick();
        schedule();
    }
}

void scheduler_tick() {
    RunQueue& rq = this_rq();
    const Guard lock(rq.lock);
    const u64 now = clock_ns();
    charge(rq, now);
    raise_min_vruntime(rq);
    if (rq.rt_time_ns != 0) [[unlikely]]
        check_rt_bandwidth(rq, now);
    check_turn(rq, now);
}

// Another CPU has changed something that concerns this one: finds out what.
void scheduler_ipi() {
    RunQueue& rq = this_rq();
    timers_look_at_clock();
    {
        const Guard lock(rq.lock);
        Task& running = *rq.running;
        const u64 now = clock_ns();
        if (rq.rt_time_ns != 0) [[unlikely]]
            check_rt_bandwidth(rq, now);
        if (std::min<u32>(rq.queued_level, most_urgent_elsewhere(rq)) < rq.running_level ||
            !may_run_on(running, rq.cpu))
            running.need_resched = true;
        else
            check_turn(rq, now);
    }
    if (rq.mm_is_gone) {
        rq.mm_is_gone = false;
        if (current()->mm.mm == nullptr)
            activate_mm(rq, nullptr);
    }
}

void use_mm(MmStruct* mm) {
    IrqGuard irqs;
    current()->mm.mm = mm;
    activate_mm(this_rq(), mm);
}

// Declared in mm/upcalls.hpp. `mm` has no user left, so a CPU that has it active uses it lazily, and no CPU starts to
// use it.
void leave_lazy_mm(MmStruct& mm) {
    for (const u32 cpu : cpus_online()) {
        RunQueue& rq = rq_of(cpu);
        if (rq.active_mm != &mm)
            continue;
        if (&rq == &this_rq()) {
            const IrqGuard irqs;
            activate_mm(rq, nullptr);
            continue;
        }
        rq.mm_is_gone = true;
        smp_send_reschedule(CpuId(static_cast<u8>(rq.cpu)));
        spin_until([&] { return rq.active_mm != &mm; });
    }
    std::atomic_thread_fence(std::memory_order_acquire);
}

u64 task_run_time_ns(const Task& task) {
    IrqGuard irqs;
    const TaskRqLocked locked(task);
    const u64 turn = locked.rq->running == &task ? clock_ns() - locked.rq->charged_ns : 0;
    return task.run_ns + turn;
}

const Task& idle_task_of(u32 cpu) { return *rq_of(cpu).idle; }

u64 nr_context_switches() {
    u64 sum = 0;
    for (const u32 cpu : cpus_online())
        sum += rq_of(cpu).nr_switches;
    return sum;
}

u32 nr_running() {
    u32 running = 0;
    for (const u32 cpu : cpus_online()) {
        IrqGuard irqs;
        RunQueue& rq = rq_of(cpu);
        const Guard lock(rq.lock);
        running += rq.queued + (rq.running != rq.idle ? 1 : 0);
    }
    return running;
}

// Declared in mm/upcalls.hpp.
void cond_resched() {
    touch_softlockup_watchdog();
    const Task& task = *current();
    if (task.need_resched) {
        if (task.state == TaskState::Running) // else it is about to sleep, and has not looked yet whether it must
            schedule();
    } else if (task.lock_depth != 0 && kernel_lock.is_wanted()) {
        const KernelLockGivenUp to_the_next(task); // tickets are served in order
    }
}

} // namespace faultline
