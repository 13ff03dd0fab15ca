// Samples how many tasks are active, and averages the samples.
#include "abi/sched/loadavg.hpp"

#include <iterator>

#include "abi/task/pid.hpp"
#include "abi/task/siglock.hpp"
#include "arch/contract/clock.hpp"
#include "base/late.hpp"

namespace faultline {

namespace {

constexpr u64 SAMPLE_NS = 5 * NSEC_PER_SEC;
constexpr u32 ONE = 1u << LOAD_SHIFT;
// The weight that an average keeps at each sample: e^(-5 s / 1, 5, 15 min).
constexpr u32 DECAY[] = {static_cast<u32>(0.92004441 * ONE), static_cast<u32>(0.98347145 * ONE),
                         static_cast<u32>(0.99445985 * ONE)};

constinit Late<Timer> sampler;
constinit LoadAverage averages;

u32 count_active() {
    u32 active = 0;
    for (const Task* task = next_task(1); task != nullptr; task = next_task(task->pid + 1))
        active += task->state == TaskState::Running || task->state == TaskState::Uninterruptible ? 1 : 0;
    return active;
}

void sample(Timer&) {
    const u64 active = u64{count_active()} << LOAD_SHIFT;
    for (u32 i = 0; i < std::size(DECAY); ++i)
        averages.minutes[i] =
            static_cast<u32>((u64{averages.minutes[i]} * DECAY[i] + active * (ONE - DECAY[i])) >> LOAD_SHIFT);
    mod_timer(*sampler, clock_ns() + SAMPLE_NS);
}

} // namespace

LoadAverage get_avenrun() { return averages; }

void init_loadavg() {
    sampler.emplace().expired = sample;
    sampler->under = &siglock;
    mod_timer(*sampler, clock_ns() + SAMPLE_NS);
}

} // namespace faultline
