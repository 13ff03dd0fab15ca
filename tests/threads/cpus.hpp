// The modelled machine's CPUs, each of them a thread of this computer, and the calls that they make to one another.
#pragma once

#include <arch/processor.hpp>

#include <array>
#include <atomic>
#include <functional>

#include "arch/contract/machine.hpp"

namespace faultline::threads {

class Cpus final : model::ScheduleWatcher {
  public:
    // Runs body(cpu) on each CPU below `count`, with interrupts on; returns when all have ended. Before and after that,
    // one thread plays every CPU, as in the other tests.
    void run(u32 count, const std::function<void(u32 cpu)>& body);

  private:
    struct Call {
        void (*function)(void*) = nullptr;
        void* argument = nullptr;
        std::atomic<u32> unanswered{0}; // how many CPUs
    };

    void at_point(const char* what) override;
    void wait_until(const char* what, const std::function<bool()>& condition) override;
    void call(CpuMask cpus, void (*function)(void*), void* argument) override;
    void answer_calls();

    std::array<Call, machine::MAX_CPUS> calls_;                 // by caller: each makes one at a time
    std::array<std::atomic<u32>, machine::MAX_CPUS> callers_{}; // by CPU: the callers it has to answer, a mask
};

} // namespace faultline::threads
