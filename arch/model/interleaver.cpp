// The interleaver: giving turns to CPUs, and the end of a run after a failure (arch/model/interleaver.hpp).
#include "arch/model/interleaver.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <utility>

#include <arch/irq.hpp>

namespace faultline::model {

namespace {

constexpr std::size_t LAST = 100; // steps that history() tells

bool stopped_cpu = false;
std::exception_ptr thrown;

// What a stack that cannot unwind has failed of.
std::exception_ptr why_terminated() {
    return thrown ? thrown : std::make_exception_ptr(std::runtime_error("model: std::terminate()"));
}

} // namespace

Interleaver::Interleaver(Machine& machine, Schedule& schedule, std::function<void(u32)> after_step)
    : machine_(machine), schedule_(schedule), after_step_(std::move(after_step)) {}

Interleaver::~Interleaver() {
    schedule_watcher = nullptr;
    running_ = nullptr;
}

void Interleaver::run(std::span<const std::function<void()>> bodies) {
    if (!runners_.empty() || bodies.empty() || bodies.size() > machine_.cpu_count())
        throw std::logic_error("model: an interleaver runs once, a body for each of some CPUs");
    for (u32 cpu = 0; cpu < bodies.size(); ++cpu)
        runners_.push_back({.interleaver = this, .cpu = cpu, .body = &bodies[cpu]});
    for (Runner& runner : runners_)
        runner.execution = &machine_.executions.create(enter, &runner);

    starter_ = &machine_.executions.running();
    const u32 selected = machine_.cpu_number();
    const bool masked = interrupts_masked;
    interrupts_masked = false;
    running_ = this;
    thrown = nullptr;
    const std::terminate_handler before = std::set_terminate(stop_cpu);
    schedule_watcher = this;
    give_turn();
    schedule_watcher = nullptr;
    std::set_terminate(before);
    running_ = nullptr;
    if (!failure_)
        schedule_.ended();
    interrupts_masked = masked;
    machine_.select_cpu(selected);
    if (failure_)
        std::rethrow_exception(failure_);
}

void Interleaver::enter(void* argument) {
    auto& self = *static_cast<Runner*>(argument);
    Interleaver& interleaver = *self.interleaver;
    try {
        (*self.body)();
        interleaver.finish_step();
    } catch (const ExecutionAbandoned&) {
        throw;
    } catch (...) {
        interleaver.fail(std::current_exception());
    }
    self.over = true;
    interleaver.give_turn(); // never returns
}

// Instead of std::terminate(): the stack of the acting CPU cannot unwind, but the others can go on.
void Interleaver::stop_cpu() {
    Runner* const acting = running_ != nullptr ? running_->acting_ : nullptr;
    if (acting == nullptr ||
        &running_->machine_.executions.running() != acting->execution) // nobody's stack but the caller's
        std::abort();
    stopped_cpu = true;
    running_->fail(why_terminated());
    acting->over = true;
    running_->give_turn(); // never returns
    std::abort();
}

bool Interleaver::has_stopped_cpu() { return stopped_cpu; }
void Interleaver::about_to_throw(std::exception_ptr what) { thrown = std::move(what); }

namespace {

// What call_apart() is at.
struct Apart {
    Executions& executions;
    const std::function<void()>& action;
    Execution* caller;
    Execution* own = nullptr;
    std::exception_ptr failure = nullptr;
};
Apart* apart = nullptr;

void begin_apart(void* argument) {
    auto& self = *static_cast<Apart*>(argument);
    Executions& executions = self.executions;
    Execution& caller = *self.caller;
    try {
        self.action();
    } catch (const ExecutionAbandoned&) {
        throw;
    } catch (...) {
        self.failure = std::current_exception();
    }
    executions.switch_to(caller); // never returns
}

// Instead of std::terminate(), as Interleaver::stop_cpu().
[[noreturn]] void stop_apart() {
    if (apart == nullptr || &apart->executions.running() != apart->own)
        std::abort();
    stopped_cpu = true;
    apart->failure = why_terminated();
    apart->executions.switch_to(*apart->caller); // never returns
    std::abort();
}

} // namespace

void call_apart(Executions& executions, const std::function<void()>& action) {
    Apart self{.executions = executions, .action = action, .caller = &executions.running()};
    self.own = &executions.create(begin_apart, &self);
    apart = &self;
    thrown = nullptr;
    const std::terminate_handler before = std::set_terminate(stop_apart);
    executions.switch_to(*self.own);
    std::set_terminate(before);
    apart = nullptr;
    if (self.failure)
        std::rethrow_exception(self.failure);
}

// What a panic unwinds still belongs to the step that panicked: the guards that give up their locks are no steps.
bool Interleaver::is_unwinding() const { return thrown != nullptr && !failure_; }

void Interleaver::at_point(const char* what) {
    if (is_unwinding())
        return;
    Runner& self = *acting_;
    self.next = what;
    finish_step();
    give_turn();
    note(self);
}

void Interleaver::note(const Runner& runner) {
    if (failure_) // steps after a failure are not recorded
        return;
    ++steps_;
    last_steps_.push_back({runner.cpu, runner.next});
    if (last_steps_.size() > LAST)
        last_steps_.pop_front();
}

void Interleaver::wait_until(const char* what, const std::function<bool()>& condition) {
    if (is_unwinding() && condition())
        return;
    Runner& self = *acting_;
    self.next = what;
    finish_step();
    self.waits_for = &condition;
    give_turn();
    self.waits_for = nullptr;
    note(self);
    if (hopeless_)
        throw std::runtime_error("model: nothing will end this CPU's wait");
}

// Interrupts one CPU after the other, each as soon as its interrupts are unmasked.
void Interleaver::call(CpuMask cpus, void (*function)(void*), void* argument) {
    for (const u32 cpu : cpus) {
        wait_until("call a CPU", [=, this] { return !masks_interrupts(cpu); });
        machine_.interrupt(cpu, function, argument);
    }
}

// Calls after_step_, except after a failure: the CPUs then only release what they hold, and need not be checked.
void Interleaver::finish_step() {
    if (failure_)
        return;
    const Unwatched outside;
    try {
        after_step_(acting_->cpu);
    } catch (...) {
        fail(std::current_exception());
    }
}

void Interleaver::fail(std::exception_ptr failure) {
    if (failure_)
        return;
    failure_ = std::move(failure);
    schedule_.ended();
}

// Sets `able_`: the CPUs that can continue, the acting one first. If every CPU that has not finished waits, that is a
// failure; all of them are then able, so that each wait can throw.
void Interleaver::find_able() {
    const Unwatched outside;
    able_.clear();
    bool anyone_waits = false;
    for (const Runner& runner : runners_) {
        if (runner.over)
            continue;
        if (runner.waits_for == nullptr || (*runner.waits_for)())
            able_.push_back(runner.cpu);
        else
            anyone_waits = true;
    }
    if (able_.empty() && anyone_waits) {
        fail(std::make_exception_ptr(Deadlock("model: every CPU waits for another")));
        hopeless_ = true;
        for (const Runner& runner : runners_)
            if (!runner.over)
                able_.push_back(runner.cpu);
    }
    if (acting_ != nullptr)
        if (const auto here = std::find(able_.begin(), able_.end(), acting_->cpu); here != able_.end())
            std::rotate(able_.begin(), here, here + 1);
}

void Interleaver::give_turn() {
    find_able();
    if (able_.empty()) {
        switch_to(nullptr);
        return;
    }
    const bool acting_is_able = acting_ != nullptr && able_.front() == acting_->cpu;
    const u32 choice = failure_ ? 0 : schedule_.choose(able_, acting_is_able);
    switch_to(&runners_.at(able_.at(choice)));
}

// Continues `next`; nullptr: the execution that called run().
void Interleaver::switch_to(Runner* next) {
    Runner* const self = acting_;
    if (next == self)
        return;
    if (self != nullptr)
        self->interrupts_masked = interrupts_masked;
    acting_ = next;
    if (next != nullptr) {
        machine_.select_cpu(next->cpu);
        interrupts_masked = next->interrupts_masked;
    }
    machine_.executions.switch_to(next != nullptr ? *next->execution : *starter_);
}

bool Interleaver::masks_interrupts(u32 cpu) const {
    if (cpu >= runners_.size() || runners_[cpu].over)
        return false;
    return &runners_[cpu] == acting_ ? interrupts_masked : runners_[cpu].interrupts_masked;
}

Interleaver::Standing Interleaver::standing(u32 cpu) const {
    const Runner& runner = runners_.at(cpu);
    return {.next = runner.next, .waits = runner.waits_for != nullptr, .over = runner.over};
}

std::string Interleaver::history() const {
    std::string text = steps_ > last_steps_.size() ? "\n  ..." : "";
    const Step* before = nullptr;
    for (const Step& step : last_steps_) {
        if (before == nullptr || before->cpu != step.cpu)
            text += "\n  CPU " + std::to_string(step.cpu) + ": ";
        else
            text += ", ";
        text += step.what;
        before = &step;
    }
    return text;
}

} // namespace faultline::model
