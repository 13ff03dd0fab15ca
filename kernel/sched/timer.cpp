// The timer queues, one for each clock on each CPU. The hardware timer is programmed only for a deadline earlier than
// the one it already has. If a deadline is cancelled or moved back, the interrupt still comes and finds nothing to do.
// That is cheaper than programming the timer at each change, because most sleeps are woken early.
#include "kernel/sched/timer.hpp"

#include <array>
#include <bit>
#include <iterator>

#include <arch/smp.hpp>

#include "arch/contract/clock.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/concurrency.hpp"
#include "base/late.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

constinit PerCpu<u64> programmed_event_ns;

namespace {

struct KeyOfTimer {
    using type = TimerKey;
    TimerKey operator()(const Timer& timer) const { return timer.key; }
};
using TimerQueue = Tree<Timer, &Timer::node, KeyOfTimer>;

constexpr ClockBase CLOCKS[] = {ClockBase::Monotonic, ClockBase::Realtime};

// One CPU's timer queues. (Linux: hrtimer_cpu_base.)
struct TimerBase {
    // Guards all members but `offset_seen`, and the members of each queued Timer. Held with interrupts masked.
    SpinLock lock{"TimerBase"};
    std::array<TimerQueue, std::size(CLOCKS)> queues;
    u64 next_sequence = 0;
    Timer* running = nullptr; // its `expired` is being called, with the lock released
    s64 offset_seen = 0;      // the offset that the hardware deadline of realtime timers was computed with

    TimerQueue& queue_of(ClockBase clock) { return queues[static_cast<u32>(clock)]; }
};

constinit PerCpu<Late<TimerBase>> bases;
constinit std::atomic<s64> realtime_offset{0};

TimerBase& this_base() { return *bases.here(); }

// Locks and returns the base that a timer is in, or was in last. Interrupts masked.
TimerBase& lock_base_of(const Timer& timer) {
    while (true) {
        const u32 cpu = timer.cpu;
        TimerBase& base = *bases.of(cpu);
        base.lock.lock();
        if (timer.cpu == cpu) [[likely]]
            return base;
        base.lock.unlock(); // it was armed anew elsewhere
    }
}

u64 clock_at(ClockBase clock, u64 now) {
    return clock == ClockBase::Realtime ? now + static_cast<u64>(realtime_offset_ns()) : now;
}

void dequeue(TimerBase& base, Timer& timer) {
    TimerQueue& queue = base.queue_of(timer.clock);
    queue.erase(queue.iterator_to(timer));
    timer.armed = false;
}

// Locks and returns the base to arm a timer in: this CPU's, unless the timer is being called on another CPU. It then
// stays there.
TimerBase& lock_base_to_arm(Timer& timer) {
    TimerBase& before = lock_base_of(timer);
    if (timer.armed)
        dequeue(before, timer);
    TimerBase& here = this_base();
    if (&before == &here || before.running == &timer)
        return before;
    before.lock.unlock();
    here.lock.lock();
    timer.cpu = machine::this_cpu().value();
    return here;
}

Timer* first_due(TimerBase& base, ClockBase clock, u64 now) {
    TimerQueue& queue = base.queue_of(clock);
    if (queue.empty() || queue.begin()->key.deadline_ns > now)
        return nullptr;
    return &*queue.begin();
}

// Calls `timer`. The base's lock is held on entry and return. If the timer has a lock of its own (`under`), it stays
// armed until that lock is held, so a holder of that lock can reliably disarm it. While the base's lock is released,
// the timer may be freed. So the first due timer is looked up again.
void expire(TimerBase& base, Timer& timer, ClockBase clock, u64 now) {
    RecursiveSpinLock* under = timer.under;
    if (under != nullptr) {
        base.lock.unlock();
        under->lock();
        base.lock.lock();
    }
    if (Timer* due = first_due(base, clock, now); due != nullptr && due->under == under) {
        dequeue(base, *due);
        base.running = due;
        base.lock.unlock();
        due->expired(*due);
        base.lock.lock();
        base.running = nullptr;
    }
    if (under != nullptr)
        under->unlock();
}

void want_first(TimerBase& base, ClockBase clock) {
    TimerQueue& queue = base.queue_of(clock);
    if (!queue.empty())
        want_event(monotonic_of(clock, queue.begin()->key.deadline_ns));
}

} // namespace

void init_timers() {
    bases.here().emplace();
    programmed_event_ns.here() = NO_DEADLINE;
}

void program_event(u64 deadline_ns) {
    programmed_event_ns.here() = deadline_ns;
    set_next_event(deadline_ns);
}

void mod_timer(Timer& timer, Deadline deadline) {
    if (deadline.never()) {
        del_timer(timer);
        return;
    }
    IrqGuard irqs;
    TimerBase& base = lock_base_to_arm(timer);
    timer.key = {deadline.ns(), base.next_sequence++};
    timer.clock = deadline.clock();
    timer.armed = true;
    base.queue_of(timer.clock).insert(timer);
    base.lock.unlock();
    if (&base == &this_base()) // else that CPU is about to look which timer comes first
        want_event(monotonic_of(deadline.clock(), deadline.ns()));
}

bool del_timer(Timer& timer) {
    IrqGuard irqs;
    TimerBase& base = lock_base_of(timer);
    const bool was_armed = timer.armed;
    if (was_armed)
        dequeue(base, timer);
    const bool is_called = base.running == &timer && &base != &this_base();
    base.lock.unlock();
    if (is_called)
        spin_until([&] { return std::atomic_ref(base.running).load(std::memory_order_acquire) != &timer; });
    return was_armed;
}

void timer_interrupt() {
    programmed_event_ns.here() = NO_DEADLINE;
    const u64 now = clock_ns();
    TimerBase& base = this_base();
    base.lock.lock();
    for (const ClockBase clock : CLOCKS)
        while (Timer* timer = first_due(base, clock, clock_at(clock, now)))
            expire(base, *timer, clock, clock_at(clock, now));
    base.lock.unlock();
    scheduler_tick();
    {
        const Guard lock(base.lock);
        for (const ClockBase clock : CLOCKS)
            want_first(base, clock);
    }
    if (programmed_event_ns.here() == NO_DEADLINE)
        set_next_event(NO_DEADLINE);
}

u64 monotonic_of(ClockBase clock, u64 moment_ns) {
    if (clock == ClockBase::Monotonic || moment_ns == NO_DEADLINE)
        return moment_ns;
    const s64 signed_offset = realtime_offset_ns();
    if (signed_offset < 0)
        return deadline_after(moment_ns, static_cast<u64>(-signed_offset));
    const u64 offset = static_cast<u64>(signed_offset);
    return moment_ns > offset ? moment_ns - offset : 0;
}

s64 realtime_offset_ns() { return realtime_offset.load(std::memory_order_relaxed); }

void timers_look_at_clock() {
    TimerBase& base = this_base();
    const s64 offset = realtime_offset_ns();
    if (base.offset_seen == offset) [[likely]]
        return;
    const Guard lock(base.lock);
    base.offset_seen = offset;
    want_first(base, ClockBase::Realtime);
}

void set_realtime_offset(s64 offset_ns) {
    IrqGuard irqs;
    realtime_offset.store(offset_ns, std::memory_order_seq_cst);
    timers_look_at_clock();
    for (u32 cpus = cpus_online() & ~(1u << machine::this_cpu().value()); cpus != 0; cpus &= cpus - 1)
        smp_send_reschedule(CpuId(static_cast<u8>(std::countr_zero(cpus))));
}

} // namespace faultline
