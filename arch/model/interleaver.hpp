// Runs code on several CPUs of the modelled machine, step by step. A step goes from one schedule_point()
// (base/concurrency.hpp) of a CPU to its next one; at each point a Schedule decides which CPU continues. Exactly one
// CPU acts at a time, so a schedule can be repeated exactly, and a failure can be reproduced.
#pragma once

#include <deque>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <arch/processor.hpp>

#include "arch/model/machine.hpp"

namespace faultline::model {

// Decides which CPU continues. One object may serve many runs.
class Schedule {
  public:
    virtual ~Schedule() = default;

    // Returns an index into `able`, the CPUs that can continue: at least one, the acting one first if it is among them.
    virtual u32 choose(std::span<const u32> able, bool acting_is_able) = 0;

    // There is nothing more to choose: every CPU has finished, or something went wrong and they run on unasked.
    virtual void ended() {}
};

// Every CPU that has not finished waits for another.
struct Deadlock : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Interleaver final : ScheduleWatcher {
  public:
    // after_step(cpu) is called when `cpu` has finished a step; no schedule point has an effect during the call. If it
    // throws, the run ends as if a body had thrown.
    Interleaver(Machine& machine, Schedule& schedule, std::function<void(u32 cpu)> after_step);
    ~Interleaver();
    Interleaver(const Interleaver&) = delete;
    Interleaver& operator=(const Interleaver&) = delete;

    // Runs bodies[i] on CPU i; returns when all have finished. If one throws, or if no CPU can continue, the other CPUs
    // run on as far as they get, so that they release what they hold. Then the first exception is rethrown. Call once
    // per object.
    void run(std::span<const std::function<void()>> bodies);

    // The acting CPU waits until condition() holds. Throws std::runtime_error if all CPUs wait.
    void wait_until(const char* what, const std::function<bool()>& condition) override;

    // Whether a CPU has stopped for ever, in this run or one before: it panicked in a destructor, which an exception may not leave. It
    // keeps what it held, so nothing may be taken down, and no other machine begins in this process.
    static bool has_stopped_cpu();
    // What is thrown next. A terminate handler is not told everywhere what was thrown.
    static void about_to_throw(std::exception_ptr what);

    // What a CPU would do next: for a schedule that chooses by it.
    struct Standing {
        const char* next;   // what its next schedule point said; "begin" before its first step
        bool waits = false; // until a condition holds
        bool over = false;  // it has finished
    };
    Standing standing(u32 cpu) const;

    // The last 100 steps, up to the first failure, as text: one line for each series of steps by one CPU.
    std::string history() const;
    std::size_t steps() const { return steps_; } // up to the first failure

  private:
    struct Runner {
        Interleaver* interleaver = nullptr;
        u32 cpu = 0;
        const std::function<void()>* body = nullptr;
        Execution* execution = nullptr;
        const char* next = "begin";
        const std::function<bool()>* waits_for = nullptr;
        bool over = false;
        bool interrupts_masked = false; // its interrupt mask while another CPU acts
    };
    struct Step {
        u32 cpu;
        const char* what;
    };

    void at_point(const char* what) override;
    void call(CpuMask cpus, void (*function)(void*), void* argument) override;
    bool masks_interrupts(u32 cpu) const;
    void note(const Runner& runner);
    void finish_step();
    bool is_unwinding() const;
    void fail(std::exception_ptr failure);
    void find_able();
    void give_turn();
    void switch_to(Runner* next);
    static void enter(void* runner);
    [[noreturn]] static void stop_cpu();

    Machine& machine_;
    Schedule& schedule_;
    std::function<void(u32)> after_step_;
    std::vector<Runner> runners_;
    std::vector<u32> able_;        // a member, because it is filled at every step
    Execution* starter_ = nullptr; // the execution that called run()
    Runner* acting_ = nullptr;
    std::deque<Step> last_steps_; // so many as history() tells
    std::size_t steps_ = 0;
    std::exception_ptr failure_;
    bool hopeless_ = false; // every CPU waits for another
    static inline Interleaver* running_ = nullptr;
};

// Calls action() on a stack of its own, and rethrows what it throws. If it panics in a destructor, its stack stops for ever, as a
// CPU's does: has_stopped_cpu(). Then this throws what the panic was. For what is done before and after a run of CPUs, which may lie
// within. Only the first execution may call it.
void call_apart(Executions& executions, const std::function<void()>& action);

} // namespace faultline::model
