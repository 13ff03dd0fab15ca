// What a host test of mm/ and the scheduler uses: a modelled machine that has booted as far as memory and scheduler,
// with this thread as its idle task. At the end every page must be free again.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "arch/model/machine.hpp"
#include "kernel/sched/task.hpp"

namespace faultline::harness {

class Host {
  public:
    explicit Host(const model::Configuration& configuration = {});
    ~Host(); // fails the test if pages are missing
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // A new kernel task that will call `body`. It runs when the idle task gives way; see run_tasks().
    Task& spawn(std::function<void()> body);

    // Runs tasks until all that were spawned have ended. Fails the test if they sleep for ever.
    void run_tasks();

    // For a test that provokes a panic, after which pages may be missing.
    void forgive_leaks() { check_leaks_ = false; }

    model::Machine machine;
    MmLimits mm_limits;        // what current_mm_limits() returns
    MmRights mm_rights;        // and current_mm_rights()
    bool fatal_signal = false; // what fatal_signal_pending() and signal_pending() return

    static Host& get();

  private:
    struct Spawned {
        Task task;
        std::function<void()> body;
    };
    static void run_body(void* spawned);

    Task idle_;
    std::vector<std::unique_ptr<Spawned>> tasks_;
    u32 free_at_start_ = 0;
    bool check_leaks_ = true;
};

} // namespace faultline::harness
