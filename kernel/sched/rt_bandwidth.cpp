// How much time real-time tasks have had on a CPU, and what follows from it.
#include "kernel/sched/rt_bandwidth.hpp"

#include <algorithm>

#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constinit Relaxed<s32> runtime_us = RtBandwidth{}.runtime_us, period_us = RtBandwidth{}.period_us;

constexpr u64 NSEC_PER_USEC = 1000;

struct Limit {
    u64 runtime_ns, period_ns;
    bool any;
};

Limit limit() {
    const s32 runtime = runtime_us, period = period_us;
    return {static_cast<u64>(std::max(runtime, 0)) * NSEC_PER_USEC, static_cast<u64>(period) * NSEC_PER_USEC,
            runtime > 0 && runtime < period};
}

void set_throttled(RunQueue& rq, bool throttled) REQUIRES(rq.lock) {
    if (rq.rt_throttled == throttled)
        return;
    rq.rt_throttled = throttled;
    rq.queued_level = rq.first_level();
    const bool must_leave = throttled ? rq.running_level < PrioArray::NORMAL : rq.queued_level < rq.running_level;
    if (must_leave && rq.running != rq.idle) // the idle task looks at its queue by itself
        rq.running->need_resched = true;
}

// Each period that has ended gives a runtime back.
void end_periods(RunQueue& rq, const Limit& limit, u64 now) REQUIRES(rq.lock) {
    const u64 periods = (now - rq.rt_period_began_ns) / limit.period_ns;
    rq.rt_period_began_ns += periods * limit.period_ns;
    rq.rt_time_ns -= std::min(rq.rt_time_ns, periods * limit.runtime_ns);
}

} // namespace

RtBandwidth rt_bandwidth() { return {runtime_us, period_us}; }

Result<void> set_rt_bandwidth(RtBandwidth next) {
    if (next.period_us < 1 || next.runtime_us < -1 || next.runtime_us > next.period_us)
        return Err(Errno::INVAL);
    runtime_us = next.runtime_us;
    period_us = next.period_us;
    const IrqGuard irqs;
    for (const u32 cpu : cpus_online()) // a throttled CPU may be idle, and must not wait for the end of the old period
        resched_cpu(cpu);
    return {};
}

void check_rt_bandwidth(RunQueue& rq, u64 now) {
    const Limit now_in_force = limit();
    if (!now_in_force.any) {
        rq.rt_time_ns = 0;
        return set_throttled(rq, false);
    }
    if (now - rq.rt_period_began_ns >= now_in_force.period_ns)
        end_periods(rq, now_in_force, now);
    set_throttled(rq, rq.rt_time_ns >= now_in_force.runtime_ns);
    if (rq.rt_throttled)
        want_event(rq.rt_period_began_ns + now_in_force.period_ns);
}

} // namespace faultline
