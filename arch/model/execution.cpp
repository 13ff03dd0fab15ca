// Coroutines on ucontext: stacks, switches, and unwinding of executions that never end (arch/model/execution.hpp).
#include "arch/model/execution.hpp"

#include <stdexcept>
#include <utility>

#include <cxxabi.h>
#include <sanitizer/common_interface_defs.h>

namespace faultline::model {

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool ADDRESS_SANITIZER = true;
#else
constexpr bool ADDRESS_SANITIZER = false;
#endif

constexpr std::size_t STACK_BYTES = 256u << 10; // enough for the message of a failed assertion

// Stacks are used again: allocating one costs more than most executions do.
std::vector<std::unique_ptr<std::byte[]>>& spare_stacks() {
    static std::vector<std::unique_ptr<std::byte[]>> stacks;
    return stacks;
}

std::unique_ptr<std::byte[]> take_stack() {
    if (spare_stacks().empty())
        return std::make_unique_for_overwrite<std::byte[]>(STACK_BYTES);
    std::unique_ptr<std::byte[]> stack = std::move(spare_stacks().back());
    spare_stacks().pop_back();
    return stack;
}

Executions* starting = nullptr; // an argument for begin(): makecontext() passes only ints

} // namespace

Execution::~Execution() {
    if (stack_)
        spare_stacks().push_back(std::move(stack_));
}

Execution& Executions::create(void (*entry)(void*), void* argument) {
    all_.push_back(std::make_unique<Execution>(entry, argument));
    return *all_.back();
}

void Executions::switch_to(Execution& next) {
    Execution& self = *running_;
    if (self.abandoned_)
        throw ExecutionAbandoned{}; // it unwinds, and must not suspend again
    if (&next == &self)
        return;
    resume(next);
    if (self.abandoned_)
        throw ExecutionAbandoned{};
    if (&self == &first_ && failure_)
        std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Executions::prepare(Execution& execution) {
    execution.state_ = Execution::State::Started;
    execution.stack_ = take_stack();
    execution.stack_bottom_ = execution.stack_.get();
    execution.stack_size_ = STACK_BYTES;
    getcontext(&execution.context_);
    execution.context_.uc_stack.ss_sp = execution.stack_.get();
    execution.context_.uc_stack.ss_size = STACK_BYTES;
    execution.context_.uc_link = nullptr;
    makecontext(&execution.context_, begin, 0);
}

// Suspends the caller and continues `next`. Returns when another execution resumes the caller.
void Executions::resume(Execution& next) {
    Execution& self = *running_;
    if (next.state_ == Execution::State::New && &next != &first_)
        prepare(next);
    void* const globals = abi::__cxa_get_globals();
    self.exceptions_ = std::exchange(*static_cast<Execution::ExceptionState*>(globals), next.exceptions_);
    previous_ = &self;
    running_ = &next;
    starting = this;
    if constexpr (ADDRESS_SANITIZER) {
        void** const keep = self.state_ == Execution::State::Over ? nullptr : &self.fake_stack_;
        __sanitizer_start_switch_fiber(keep, next.stack_bottom_, next.stack_size_);
    }
    swapcontext(&self.context_, &next.context_);
    arrive(self);
}

// Completes a switch. The sanitizer reports the bounds of the stack that was left; the thread's own are learnt this
// way.
void Executions::arrive(Execution& self) {
    if constexpr (ADDRESS_SANITIZER)
        __sanitizer_finish_switch_fiber(self.fake_stack_, &previous_->stack_bottom_, &previous_->stack_size_);
}

void Executions::begin() {
    Executions& executions = *starting;
    Execution& self = *executions.running_;
    executions.arrive(self);
    executions.run(self);
    self.state_ = Execution::State::Over;
    executions.resume(executions.first_); // never returns
}

void Executions::run(Execution& self) {
    try {
        self.entry_(self.argument_);
        throw std::logic_error("model: the entry function of a context returned");
    } catch (const ExecutionAbandoned&) {
        // abandon_all() continues
    } catch (...) {
        if (!self.abandoned_)
            failure_ = std::current_exception();
    }
}

void Executions::abandon_all() {
    for (const auto& execution : all_) {
        if (execution->state_ != Execution::State::Started)
            continue;
        execution->abandoned_ = true;
        resume(*execution);
    }
    all_.clear();
}

} // namespace faultline::model
