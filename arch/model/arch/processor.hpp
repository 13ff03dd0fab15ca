// Schedule points of the modelled CPUs. The CPUs take turns: at each of these points a watcher decides which CPU
// continues (arch/model/interleaver.hpp). Without a watcher the points do nothing, and a test drives one CPU at a time.
#pragma once

#include <atomic>
#include <exception>
#include <functional>

#include "base/cpu_mask.hpp"
#include "base/types.hpp"

namespace faultline {

namespace model {

class ScheduleWatcher {
  public:
    // The acting CPU is about to do what `what` says. Returns when this CPU may continue.
    virtual void at_point(const char* what) = 0;
    // The acting CPU can continue only when condition() holds, which another CPU must cause. Returns when it holds.
    virtual void wait_until(const char* what, const std::function<bool()>& condition) = 0;
    // The acting CPU calls machine::smp_call_function_many().
    virtual void call(CpuMask cpus, void (*function)(void*), void* argument) = 0;

  protected:
    ~ScheduleWatcher() = default;
};

inline ScheduleWatcher* schedule_watcher = nullptr;
inline bool stops_at_releases = false; // whether release points are schedule points, which doubles the steps

// While an object of this class lives, no point is a schedule point. For code that inspects the machine from outside.
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

// Computers promise no such order to C++, so here the loads are in order anyway.
inline constexpr std::memory_order memory_order_dependent = std::memory_order_acquire;

// The acting CPU's number.
u32 smp_processor_id();

inline void schedule_point(const char* what) {
    if (model::schedule_watcher != nullptr)
        model::schedule_watcher->at_point(what);
}

// Does nothing while an exception unwinds: other CPUs would throw theirs during it.
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
    while (!condition()) { // without a watcher
    }
}

} // namespace faultline
