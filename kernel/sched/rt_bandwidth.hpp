// Real-time throttling: on each CPU real-time tasks together have at most so much time of each period, and the rest is
// for all others, so that a real-time task that never sleeps does not stop the machine. (Linux kernel/sched/rt.c,
// CONFIG_RT_GROUP_SCHED off, RT_RUNTIME_SHARE off.)
//
// A CPU whose real-time tasks have had their time is throttled until its period ends: the real-time tasks in its queue
// wait there, and no other CPU takes them. New ones go to another CPU if they may.
#pragma once

#include "kernel/sched/run_queue.hpp"

namespace faultline {

// Throttles this CPU or ends its throttling, and sets need_resched if another task should run then. `rq` is this CPU's
// queue. Each tick calls it while rq.rt_time_ns, which charge() counts, is not 0. (Linux: sched_rt_runtime_exceeded,
// do_sched_rt_period_timer.)
void check_rt_bandwidth(RunQueue& rq, u64 now) REQUIRES(rq.lock, irqs_masked);

} // namespace faultline
