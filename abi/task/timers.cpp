// The trees of the timers on CPU time.
#include "abi/task/timers.hpp"

#include <utility>

#include "abi/task/thread_group.hpp"

namespace faultline {

void cpu_timer_enqueue(CpuTimer& timer, ThreadGroup& owner, s32 tid, u64 deadline_ns) {
    static constinit u64 sequence = 0; // guarded by siglock
    timer.key = {tid, deadline_ns, ++sequence};
    timer.owner = &owner;
    owner.cpu_timers.insert(timer);
}

void cpu_timer_dequeue(CpuTimer& timer) {
    if (ThreadGroup* owner = std::exchange(timer.owner, nullptr); owner != nullptr)
        owner->cpu_timers.erase(owner->cpu_timers.iterator_to(timer));
}

CpuTimer* first_cpu_timer(ThreadGroup& group, s32 tid) {
    const auto first = group.cpu_timers.lower_bound(CpuTimerKey{tid, 0, 0});
    return first != group.cpu_timers.end() && first->key.tid == tid ? &*first : nullptr;
}

} // namespace faultline
