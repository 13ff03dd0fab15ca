// Several CPUs of the modelled machine, each running code of its own, step by step: a step is what a CPU does from one
// schedule_point() (base/concurrency.hpp) to the next, and at each of them a Schedule says which CPU goes on. Exactly
// one acts at a time, so a schedule repeats exactly, and what is found on it can be found again.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <arch/processor.hpp>

#include "arch/model/machine.hpp"

namespace faultline::model {

// Who decides. One object may serve many runs.
class Schedule {
  public:
    virtual ~Schedule() = default;

    // Which of `able`, the CPUs that can go on (at least two; the acting one first, if it can). An index.
    virtual u32 choose(std::span<const u32> able, bool acting_is_able) = 0;
};

class Interleaver final : ScheduleWatcher {
  public:
    // after_step(cpu): what `cpu` has just done is done; nothing it calls is a schedule point. It may throw, which ends
    // the run as an exception in a body does.
    Interleaver(Machine& machine, Schedule& schedule, std::function<void(u32 cpu)> after_step);
    ~Interleaver();
    Interleaver(const Interleaver&) = delete;
    Interleaver& operator=(const Interleaver&) = delete;

    // Runs bodies[i] on CPU i; returns when all have come to their end. If one throws, or no CPU can go on, the others
    // are run to their ends as far as they get, so that what they hold is given back; then the first exception is
    // rethrown. Once per object.
    void run(std::span<const std::function<void()>> bodies);

    // The acting CPU has nothing to do until condition() holds. Throws std::runtime_error if all CPUs wait.
    void wait_until(const char* what, const std::function<bool()>& condition) override;

    // The last steps, up to the first failure; one line for each stretch of steps by one CPU.
    std::string history() const;
    std::size_t steps() const { return steps_.size(); }

  private:
    struct Runner {
        Interleaver* interleaver = nullptr;
        u32 cpu = 0;
        const std::function<void()>* body = nullptr;
        Execution* execution = nullptr;
        const std::function<bool()>* waits_for = nullptr;
        bool over = false;
        bool interrupts_masked = false; // while it does not act
    };
    struct Step {
        u32 cpu;
        const char* what;
    };

    void at_point(const char* what) override;
    void call(u32 cpus, void (*function)(void*), void* argument) override;
    bool masks_interrupts(u32 cpu) const;
    void note(const Runner& runner, const char* what);
    void finish_step();
    void fail(std::exception_ptr failure);
    void find_able();
    void give_turn();
    void switch_to(Runner* next);
    static void enter(void* runner);

    Machine& machine_;
    Schedule& schedule_;
    std::function<void(u32)> after_step_;
    std::vector<Runner> runners_;
    std::vector<u32> able_;        // kept, as it is filled at every step
    Execution* starter_ = nullptr; // who called run()
    Runner* acting_ = nullptr;
    std::vector<Step> steps_;
    std::exception_ptr failure_;
    bool hopeless_ = false; // no CPU can end another's wait
};

} // namespace faultline::model
