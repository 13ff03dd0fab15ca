// The modelled CPUs take turns, and whoever watches them decides at each of these points whose turn it is
// (arch/model/interleaver.hpp). While nobody watches, a test drives one CPU at a time: the points do nothing.
#pragma once

#include <exception>
#include <functional>

#include "base/types.hpp"

namespace faultline {

namespace model {

class ScheduleWatcher {
  public:
    // The acting CPU is about to do what `what` says. Returns when it may.
    virtual void at_point(const char* what) = 0;
    // It can go on only when condition() holds, which another CPU must bring about. Returns then.
    virtual void wait_until(const char* what, const std::function<bool()>& condition) = 0;
    // machine::smp_call_function_many(), from the acting CPU.
    virtual void call(u32 cpus, void (*function)(void*), void* argument) = 0;

  protected:
    ~ScheduleWatcher() = default;
};

inline ScheduleWatcher* schedule_watcher = nullptr;
inline bool stops_at_releases = false; // it doubles the steps

// Nothing is a point for as long as this lives: a look at the machine from outside.
class [[nodiscard]] Unwatched {
  public:
    Unwatched() : watcher_(schedule_watcher) { schedule_watcher = nullptr; }
    ~Unwatched() { schedule_watcher = watcher_; }
    Unwatched(const Unwatched&) = delete;
    Unwatched& operator=(const Unwatched&) = delete;

  private:
    ScheduleWatcher* watcher_;
};

} // namespace model

// The acting CPU's number.
u32 smp_processor_id();

inline void schedule_point(const char* what) {
    if (model::schedule_watcher != nullptr)
        model::schedule_watcher->at_point(what);
}

// Not on the way out of an exception: other CPUs would throw theirs in its midst.
inline void release_point(const char* what) {
    if (model::stops_at_releases && std::uncaught_exceptions() == 0)
        schedule_point(what);
}

inline void relax_cpu() { schedule_point("wait"); }

template <class Condition>
void spin_until(const Condition& condition) {
    if (condition())
        return;
    if (model::schedule_watcher != nullptr)
        model::schedule_watcher->wait_until("spin", condition);
    while (!condition()) { // nobody watches
    }
}

} // namespace faultline
