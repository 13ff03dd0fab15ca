// The timer queues, one for each clock on each CPU. The hardware timer is programmed only for a deadline earlier than
// the one it already has. If a deadline is cancelled or moved back, the interrupt still comes and finds nothing to do.
// That is cheaper than programming the timer at each change, because most sleeps are woken early.
#include "kernel/sched/timer.hpp"

#include <array>
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
    SpinLock lock{"TimerBase"}; // guards also the members of each queued Timer; held with interrupts masked
    std::array<TimerQueue, std::size(CLOCKS)> queues GUARDED_BY(lock);
    u64 next_sequence GUARDED_BY(lock) = 0;
    Relaxed<Timer*> running = nullptr; // its `expired` is being called, with the lock released; changes with it held
    s64 offset_seen = 0;               // the offset that the hardware deadline of realtime timers was computed with

    TimerQueue& queue_of(ClockBase clock) REQUIRES(lock) { return queues[static_cast<u32>(clock)]; }
};

constinit PerCpu<Late<TimerBase>> bases;
constinit std::atomic<s64> realtime_offset{0};

TimerBase& this_base() { return *bases.here(); }

// Holds the lock of the base that a timer is in, or was in last, until the end of the scope. Interrupts masked. (Linux:
// lock_hrtimer_base.)
class [[nodiscard]] SCOPED_CAPABILITY TimerBaseLocked {
  public:
    explicit TimerBaseLocked(const Timer& timer) ACQUIRE(base->lock) {
        while (true) {
            const u32 cpu = timer.cpu;
            base = &*bases.of(cpu);
            base->lock.lock();
            if (timer.cpu == cpu) [[likely]]
                return;
            base->lock.unlock(); // it was armed anew elsewhere
        }
    }
    ~TimerBaseLocked() RELEASE() { base->lock.unlock(); }
    TimerBaseLocked(const TimerBaseLocked&) = delete;
    TimerBaseLocked& operator=(const TimerBaseLocked&) = delete;

    TimerBase* base;
};

u64 clock_at(ClockBase clock, u64 now) {
    return clock == ClockBase::Realtime ? now + static_cast<u64>(realtime_offset_ns()) : now;
}

void dequeue(TimerBase& base, Timer& timer) REQUIRES(base.lock) {
    TimerQueue& queue = base.queue_of(timer.clock);
    queue.erase(queue.iterator_to(timer));
    timer.armed = false;
}

void enqueue(TimerBase& base, Timer& timer, Deadline deadline) REQUIRES(base.lock) {
    timer.key = {deadline.ns(), base.next_sequence++};
    timer.clock = deadline.clock();
    timer.armed = true;
    base.queue_of(timer.clock).insert(timer);
}

// Takes a timer out of the base that it is in, or was in last, and arms it there if it is to stay. Returns whether it
// is. A timer goes to the base of the CPU that arms it, unless it is being called on another CPU: then it stays there.
bool rearm(TimerBase& base, Timer& timer, Deadline deadline) REQUIRES(base.lock) {
    if (timer.armed)
        dequeue(base, timer);
    if (&base != &this_base() && base.running != &timer)
        return false;
    enqueue(base, timer, deadline);
    return true;
}

Timer* first_due(TimerBase& base, ClockBase clock, u64 now) REQUIRES(base.lock) {
    TimerQueue& queue = base.queue_of(clock);
    if (queue.empty() || queue.begin()->key.deadline_ns > now)
        return nullptr;
    return &*queue.begin();
}

// Calls a due timer. The base's lock is released meanwhile.
void call(TimerBase& base, Timer& timer) REQUIRES(base.lock, irqs_masked) {
    dequeue(base, timer);
    base.running = &timer;
    base.lock.unlock();
    timer.expired(timer);
    base.lock.lock();
    base.running = nullptr;
}

// A timer that has a lock of its own (`under`) stays armed until that lock is held, so a holder of that lock can
// reliably disarm it. While the base's lock is released, the timer may be freed. So the first due timer is looked up
// again.
void call_under(RecursiveSpinLock& under, TimerBase& base, ClockBase clock, u64 now) REQUIRES(base.lock, irqs_masked) {
    base.lock.unlock();
    const Guard held(under);
    base.lock.lock();
    if (Timer* due = first_due(base, clock, now); due != nullptr && due->under == &under)
        call(base, *due);
}

void expire(TimerBase& base, Timer& timer, ClockBase clock, u64 now) REQUIRES(base.lock, irqs_masked) {
    if (timer.under != nullptr)
        call_under(*timer.under, base, clock, now);
    else
        call(base, timer);
}

void want_first(TimerBase& base, ClockBase clock) REQUIRES(base.lock, irqs_masked) {
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
    TimerBase& here = this_base();
    const TimerBase* in = nullptr;
    {
        const TimerBaseLocked before(timer);
        if (rearm(*before.base, timer, deadline))
            in = before.base;
    }
    if (in == nullptr) {
        const Guard lock(here.lock);
        timer.cpu = machine::this_cpu().value();
        enqueue(here, timer, deadline);
        in = &here;
    }
    if (in == &here) // else that CPU is about to look which timer comes first
        want_event(monotonic_of(deadline.clock(), deadline.ns()));
}

bool del_timer(Timer& timer) {
    IrqGuard irqs;
    bool was_armed;
    const TimerBase* called_by = nullptr;
    {
        const TimerBaseLocked locked(timer);
        was_armed = timer.armed;
        if (was_armed)
            dequeue(*locked.base, timer);
        if (locked.base->running == &timer && locked.base != &this_base())
            called_by = locked.base;
    }
    if (called_by != nullptr) {
        spin_until([&] { return called_by->running != &timer; });
        std::atomic_thread_fence(std::memory_order_acquire);
    }
    return was_armed;
}

void timer_interrupt() {
    programmed_event_ns.here() = NO_DEADLINE;
    const u64 now = clock_ns();
    TimerBase& base = this_base();
    {
        const Guard lock(base.lock);
        for (const ClockBase clock : CLOCKS)
            while (Timer* timer = first_due(base, clock, clock_at(clock, now)))
                expire(base, *timer, clock, clock_at(clock, now));
    }
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
    for (const u32 cpu : cpus_online() - CpuMask::of(machine::this_cpu()))
        smp_send_reschedule(CpuId(static_cast<u8>(cpu)));
}

} // namespace faultline
