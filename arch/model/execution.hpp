// Executions that take turns: each kernel context of the modelled machine is a coroutine with a stack of its own, and
// exactly one runs. Deterministic, and cheap enough to be made some thousand times a second, as tests that try every
// schedule do.
#pragma once

#include <exception>
#include <memory>
#include <vector>

#include <ucontext.h>

namespace faultline::model {

class Executions;

// One of them. Owned by Executions; a CpuContext points to it.
class Execution {
  public:
    Execution(void (*entry)(void*), void* argument) : entry_(entry), argument_(argument) {}
    ~Execution();
    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;

  private:
    friend class Executions;
    enum class State { New, Started, Over };

    // What the C++ runtime keeps for each thread about exceptions in flight, and must be kept for each of us (Itanium
    // C++ ABI: Exception Handling, 2.2.2, __cxa_eh_globals).
    struct ExceptionState {
        void* caught = nullptr;
        unsigned uncaught = 0;
    };

    void (*entry_)(void*); // nullptr: what ran from the beginning, on the thread's own stack
    void* argument_;
    State state_ = State::New;
    bool abandoned_ = false;
    ucontext_t context_{};
    std::unique_ptr<std::byte[]> stack_;
    ExceptionState exceptions_;
    const void* stack_bottom_ = nullptr; // this and the next two: for AddressSanitizer
    std::size_t stack_size_ = 0;
    void* fake_stack_ = nullptr;
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
    Execution& running() { return *running_; }

    // Suspends the running one and resumes `next`; returns when resumed. An exception that leaves an entry
    // function (a failed test assertion) is rethrown by the first execution, in its pending switch_to.
    void switch_to(Execution& next);

    // Unwinds every suspended execution. To be called by the first one.
    void abandon_all();

  private:
    static void begin();
    void run(Execution& self);
    void prepare(Execution& execution);
    void resume(Execution& next);
    void arrive(Execution& self);

    std::vector<std::unique_ptr<Execution>> all_;
    Execution first_{nullptr, nullptr};
    Execution* running_ = &first_;
    Execution* previous_ = nullptr; // who gave way to the running one
    std::exception_ptr failure_;
};

} // namespace faultline::model
