#include "arch/model/execution.hpp"

#include <stdexcept>
#include <utility>

namespace faultline::model {

Execution& Executions::create(void (*entry)(void*), void* argument) {
    all_.push_back(std::make_unique<Execution>(entry, argument));
    return *all_.back();
}

Execution& Executions::running() { return *running_; }

void Executions::switch_to(Execution& next) {
    Execution& self = *running_;
    if (self.abandoned_)
        throw ExecutionAbandoned{}; // it may unwind, but not run on
    if (&next == &self)
        return;
    resume(next);
    wait_for_turn(self);
}

// Hands the baton over. The thread of `next` starts when it is first needed.
void Executions::resume(Execution& next) {
    running_ = &next;
    // The thread waits for its turn: thread_ is complete before anybody can ask whether it has started.
    if (next.entry_ != nullptr && !next.thread_.joinable())
        next.thread_ = std::thread([this, &next] {
            next.turn_.acquire();
            run(next);
        });
    next.turn_.release();
}

void Executions::wait_for_turn(Execution& self) {
    self.turn_.acquire();
    if (self.abandoned_)
        throw ExecutionAbandoned{};
    if (&self == &first_ && failure_)
        std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Executions::run(Execution& self) {
    try {
        self.entry_(self.argument_);
        throw std::logic_error("model: the entry function of a context returned");
    } catch (const ExecutionAbandoned&) {
        return; // abandon_all joins this thread and goes on
    } catch (...) {
        failure_ = std::current_exception();
    }
    if (!self.abandoned_)
        resume(first_);
}

void Executions::abandon_all() {
    for (const auto& execution : all_) {
        if (!execution->thread_.joinable())
            continue;
        execution->abandoned_ = true;
        running_ = execution.get();
        execution->turn_.release();
        execution->thread_.join();
    }
    running_ = &first_;
    all_.clear();
}

} // namespace faultline::model
