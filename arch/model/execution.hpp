// Executions that take turns. Each kernel context of the modelled machine is a coroutine with a stack of its own, and
// exactly one of them runs. Switches are deterministic, and cheap enough for tests that try every schedule and create
// thousands of executions a second.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "arch/model/fiber.hpp"

namespace faultline::model {

class Executions;

// One execution. Executions owns it; a CpuContext points to it.
class Execution {
  public:
    Execution(void (*entry)(void*), void* argument) : entry_(entry), argument_(argument) {}

  private:
    friend class Executions;
    enum class State { New, Started, Over };

    void (*entry_)(void*); // nullptr: the first execution, on the thread's own stack
    void* argument_;
    State state_ = State::New;
    bool abandoned_ = false;
    std::optional<Fiber> fiber_; // once it has started
};

// switch_to() throws this when the machine ends: it unwinds an execution that will never be resumed.
struct ExecutionAbandoned {};

class Executions {
  public:
    Executions() { first_.fiber_.emplace(); }
    ~Executions() { abandon_all(); }
    Executions(const Executions&) = delete;
    Executions& operator=(const Executions&) = delete;

    // Creates a suspended execution that will call entry(argument). It exists until abandon_all().
    Execution& create(void (*entry)(void*), void* argument);

    // The execution that runs now.
    Execution& running() { return *running_; }

    // Suspends the running execution and resumes `next`; returns when the caller is resumed. If an exception leaves an
    // entry function (a failed test assertion), the pending switch_to() of the first execution rethrows it.
    void switch_to(Execution& next);

    // Unwinds and deletes every suspended execution. Only the first execution may call it.
    void abandon_all();

  private:
    static void begin(void* executions);
    void run(Execution& self);
    void resume(Execution& next);

    std::vector<std::unique_ptr<Execution>> all_;
    Execution first_{nullptr, nullptr};
    Execution* running_ = &first_;
    std::exception_ptr failure_;
};

} // namespace faultline::model
