// The timer queues. The hardware is programmed lazily: only for a deadline earlier than the one it already
// has. A deadline that was cancelled or moved back costs one interrupt that finds nothing to do, which is
// cheaper than touching the timer at every change (a sleep that is woken early is the common case).
#include "kernel/sched/timer.hpp"

#include <iterator>

#include <arch/irq.hpp>

#include "arch/contract/clock.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/late.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

constinit u64 programmed_event_ns = NO_DEADLINE;

namespace {

struct KeyOfTimer {
    using type = TimerKey;
    TimerKey operator()(const Timer& timer) const { return timer.key; }
};
using TimerQueue = Tree<Timer, &Timer::node, KeyOfTimer>;

constexpr ClockBase CLOCKS[] = {ClockBase::Monotonic, ClockBase::Realtime};

constinit Late<TimerQueue> queues[std::size(CLOCKS)];
constinit u64 next_sequence = 0;
constinit s64 realtime_offset = 0;

TimerQueue& queue_of(ClockBase clock) { return *queues[static_cast<u32>(clock)]; }

u64 clock_at(ClockBase clock, u64 now) {
    return clock == ClockBase::Realtime ? now + static_cast<u64>(realtime_offset) : now;
}

void dequeue(Timer& timer) {
    TimerQueue& queue = queue_of(timer.clock);
    queue.erase(queue.iterator_to(timer));
    timer.armed = false;
}

void run_expired_timers(TimerQueue& queue, u64 now) {
    while (!queue.empty()) {
        Timer& timer = *queue.begin();
        if (timer.key.deadline_ns > now)
            return;
        dequeue(timer);
        timer.expired(timer);
    }
}

void want_first(ClockBase clock) {
    TimerQueue& queue = queue_of(clock);
    if (!queue.empty())
        want_event(monotonic_of(clock, queue.begin()->key.deadline_ns));
}

} // namespace

void init_timers() {
    for (Late<TimerQueue>& queue : queues)
        queue.emplace();
    realtime_offset = 0;
    programmed_event_ns = NO_DEADLINE;
}

void program_event(u64 deadline_ns) {
    programmed_event_ns = deadline_ns;
    set_next_event(deadline_ns);
}

void mod_timer(Timer& timer, Deadline deadline) {
    IrqGuard irqs;
    if (timer.armed)
        dequeue(timer);
    if (deadline.never())
        return;
    timer.key = {deadline.ns(), next_sequence++};
    timer.clock = deadline.clock();
    timer.armed = true;
    queue_of(timer.clock).insert(timer);
    want_event(monotonic_of(timer.clock, timer.key.deadline_ns));
}

bool del_timer(Timer& timer) {
    IrqGuard irqs;
    if (!timer.armed)
        return false;
    dequeue(timer);
    return true;
}

void timer_interrupt() {
    programmed_event_ns = NO_DEADLINE;
    const u64 now = clock_ns();
    for (const ClockBase clock : CLOCKS)
        run_expired_timers(queue_of(clock), clock_at(clock, now));
    scheduler_tick();
    for (const ClockBase clock : CLOCKS)
        want_first(clock);
    if (programmed_event_ns == NO_DEADLINE)
        set_next_event(NO_DEADLINE);
}

u64 monotonic_of(ClockBase clock, u64 moment_ns) {
    if (clock == ClockBase::Monotonic || moment_ns == NO_DEADLINE)
        return moment_ns;
    if (realtime_offset < 0)
        return deadline_after(moment_ns, static_cast<u64>(-realtime_offset));
    const u64 offset = static_cast<u64>(realtime_offset);
    return moment_ns > offset ? moment_ns - offset : 0;
}

s64 realtime_offset_ns() { return realtime_offset; }

void set_realtime_offset(s64 offset_ns) {
    IrqGuard irqs;
    realtime_offset = offset_ns;
    want_first(ClockBase::Realtime);
}

} // namespace faultline
