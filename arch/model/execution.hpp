// Executions that take turns: each kernel context of the modelled machine is a host thread, and a baton
// passes between them, so that exactly one runs. Deterministic, and sanitizers understand it.
#pragma once

#include <exception>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace faultline::model {

class Executions;

// One of them. Owned by Executions; a CpuContext points to it.
class Execution {
  public:
    Execution(void (*entry)(void*), void* argument) : entry_(entry), argument_(argument) {}

  private:
    friend class Executions;
    void (*entry_)(void*); // nullptr: the thread that was there from the beginning
    void* argument_;
    std::thread thread_;
    std::binary_semaphore turn_{0};
    bool abandoned_ = false;
};

// Thrown out of switch_to when the machine goes away: unwinds an execution that will never be resumed.
struct ExecutionAbandoned {};

class Executions {
  public:
    Executions() = default;
    ~Executions() { abandon_all(); }
    Executions(const Executions&) = delete;
    Executions& operator=(const Executions&) = delete;

    // A new one, suspended, that will call entry(argument). Lives until abandon_all.
    Execution& create(void (*entry)(void*), void* argument);

    // The one that runs now.
    Execution& running();

    // Suspends the running one and resumes `next`; returns when resumed. An exception that leaves an entry
    // function (a failed test assertion) is rethrown by the first execution, in its pending switch_to.
    void switch_to(Execution& next);

    // Unwinds and joins every suspended execution. To be called by the first one.
    void abandon_all();

  private:
    void run(Execution& self);
    void wait_for_turn(Execution& self);
    void resume(Execution& next);

    std::vector<std::unique_ptr<Execution>> all_;
    Execution first_{nullptr, nullptr};
    Execution* running_ = &first_;
    std::exception_ptr failure_;
};

} // namespace faultline::model
