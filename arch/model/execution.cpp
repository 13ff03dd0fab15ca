// Executions on fibers: switches, and unwinding of executions that never end (arch/model/execution.hpp).
#include "arch/model/execution.hpp"

#include <stdexcept>
#include <utility>

namespace faultline::model {

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

// Suspends the caller and continues `next`. Returns when another execution resumes the caller.
void Executions::resume(Execution& next) {
    Execution& self = *running_;
    if (!next.fiber_) {
        next.state_ = Execution::State::Started;
        next.fiber_.emplace(begin, this);
    }
    running_ = &next;
    self.fiber_->switch_to(*next.fiber_, self.state_ == Execution::State::Over);
}

void Executions::begin(void* executions) {
    auto& all = *static_cast<Executions*>(executions);
    Execution& self = *all.running_;
    all.run(self);
    self.state_ = Execution::State::Over;
    all.resume(all.first_); // never returns
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
