// When the flusher runs: every so often, and when it is called because many pages are dirty.
#include "abi/block/flusher.hpp"

#include <algorithm>

#include <arch/context.hpp>

#include "arch/contract/clock.hpp"
#include "base/late.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/sched/wait.hpp"
#include "kernel/task_stack.hpp"
#include "mm/page_writeback.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constexpr u64 NSEC_PER_CENTISEC = 10'000'000;

constinit Late<WaitQueue> flusher_queue;
constinit std::atomic<bool> running = false; // flusher_queue can be used
constinit std::atomic<bool> called = false;  // there is work, or another period

// The moment of the next round.
u64 next_round_ns() {
    const u64 period = dirty_limits.writeback_centisecs * NSEC_PER_CENTISEC;
    return period == 0 ? NO_DEADLINE : deadline_after(clock_ns(), period);
}

void flush_for_ever(void*) {
    schedule_tail();
    for (;;) {
        (void)wait_event_state(
            *flusher_queue, TaskState::Interruptible, [] { return called.load(std::memory_order_acquire); },
            next_round_ns());
        called.store(false, std::memory_order_relaxed);
        writeback_dirty_files(false);
    }
}

} // namespace

void start_flusher() {
    flusher_queue.emplace();
    auto made = alloc_task();
    if (!made)
        panic("no memory for the flusher");
    Task& task = *made.value();
    task.kernel_task = true;
    __builtin_strcpy(task.comm, "flusher");
    init_context(task.context, task_stack_top(task), flush_for_ever, nullptr);
    running.store(true, std::memory_order_release);
    wake_up_new_task(task);
}

void wakeup_flusher_threads() {
    if (!running.load(std::memory_order_acquire) || called.exchange(true, std::memory_order_acq_rel))
        return;
    wake_up_all(*flusher_queue);
}

void restart_flusher_period() { wakeup_flusher_threads(); }

} // namespace faultline
