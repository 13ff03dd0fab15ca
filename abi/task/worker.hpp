// A kernel task that does one piece of work each time it is called, or when a period is over.
#pragma once

#include <atomic>

#include "base/late.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

// Make it a `constinit` global.
class Worker {
  public:
    // `work` runs in the task, with no lock held, and may sleep. `deadline` says when it does so though nobody called.
    constexpr Worker(
        const char* name, void (*work)(), u64 (*deadline)() = [] { return NO_DEADLINE; })
        : name_(name), work_(work), deadline_(deadline) {}
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Makes the task. Once, at boot. Panics without memory.
    void start();
    // The work is to be done now, and then once more if it was being done already. Before start(): no effect. Callable with
    // spin locks held.
    void call();

  private:
    static void work_for_ever(void* worker);

    const char* name_;
    void (*work_)();
    u64 (*deadline_)();
    std::atomic<bool> running_ = false; // queue_ can be used
    std::atomic<bool> called_ = false;
    Late<WaitQueue> queue_;

    // For debuggers, which find other tasks in the table of ids.
    Task* task_ = nullptr;
    Worker* next_ = nullptr;
};

} // namespace faultline
