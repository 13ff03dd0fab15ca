// The timer queue. The hardware is programmed lazily: only for a deadline earlier than the one it already
// has. A deadline that was cancelled or moved back costs one interrupt that finds nothing to do, which is
// cheaper than touching the timer at every change (a sleep that is woken early is the common case).
#include "kernel/sched/timer.hpp"

#include <arch/irq.hpp>

#include "arch/contract/clock.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/late.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

struct KeyOfTimer {
    using type = TimerKey;
    TimerKey operator()(const Timer& timer) const { return timer.key; }
};
using TimerQueue = Tree<Timer, &Timer::node, KeyOfTimer>;

constinit Late<TimerQueue> queue;
constinit u64 next_sequence = 0;
constinit u64 programmed = NO_DEADLINE; // what the hardware was last told

void dequeue(Timer& timer) {
    queue->erase(queue->iterator_to(timer));
    timer.armed = false;
}

void run_expired_timers(u64 now) {
    while (!queue->empty()) {
        Timer& timer = *queue->begin();
        if (timer.key.deadline_ns > now)
            return;
        dequeue(timer);
        timer.expired(timer);
    }
}

} // namespace

void init_timers() {
    queue.emplace();
    programmed = NO_DEADLINE;
}

void want_event(u64 deadline_ns) {
    if (deadline_ns >= programmed)
        return;
    programmed = deadline_ns;
    set_next_event(deadline_ns);
}

void mod_timer(Timer& timer, u64 deadline_ns) {
    IrqGuard irqs;
    if (timer.armed)
        dequeue(timer);
    if (deadline_ns == NO_DEADLINE)
        return;
    timer.key = {deadline_ns, next_sequence++};
    timer.armed = true;
    queue->insert(timer);
    want_event(deadline_ns);
}

bool del_timer(Timer& timer) {
    IrqGuard irqs;
    if (!timer.armed)
        return false;
    dequeue(timer);
    return true;
}

void timer_interrupt() {
    programmed = NO_DEADLINE;
    const u64 now = clock_ns();
    run_expired_timers(now);
    scheduler_tick();
    if (!queue->empty())
        want_event(queue->begin()->key.deadline_ns);
    if (programmed == NO_DEADLINE)
        set_next_event(NO_DEADLINE);
}

} // namespace faultline
