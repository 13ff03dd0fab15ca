// Boots a modelled machine for a host test, runs kernel tasks on it, and checks at the end that no page is missing.
#include "tests/host/harness.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include <arch/current.hpp>
#include <arch/irq.hpp>

#include "arch/contract/tlb.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/sched/run_queue.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"
#include "mm/anon_vma.hpp"
#include "mm/fault.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/slab.hpp"
#include "mm/swapfile.hpp"

namespace faultline {

bool fatal_signal_pending() { return harness::Host::get().fatal_signal; }
bool out_of_memory() { return false; }
MmLimits current_mm_limits() { return harness::Host::get().mm_limits; }
MmRights current_mm_rights() { return harness::Host::get().mm_rights; }
bool signal_pending() { return harness::Host::get().fatal_signal; }
void release_dead_task(Task&) {} // the harness does, at its end
void start_tick() {}
void wakeup_flusher_threads() {} // tests call the flusher themselves, and reclaim
void wakeup_kswapd() {}

namespace harness {
namespace {

Host* the_host = nullptr;

bool repair(FaultInfo fault) { return do_page_fault(fault).action() == FaultOutcome::Retry; }

} // namespace

Host::Host(const model::Configuration& configuration) : machine(configuration) {
    the_host = this;
    init_page_allocator(ram_start(), ram_start() + ram_bytes());
    machine.as_each_cpu(mmu_init_cpu);
    init_scheduler(idle_);
    init_writeback();
    anon_vma_init();
    init_swap();
    set_realtime_offset(0);
    static_cast<void>(set_rt_bandwidth({.runtime_us = -1})); // tests advance the clock as they like
    futex_init(machine.cpu_count());
    local_irq_enable();
    machine.on_fault = repair;
    free_at_start_ = nr_free_pages();
}

Host::~Host() {
    the_host = nullptr;
    if (!check_leaks_)
        return;
    shrink_caches();
    CHECK(nr_free_pages() == free_at_start_);
}

Host& Host::get() { return *the_host; }

void Host::run_body(void* argument) {
    auto* self = static_cast<Spawned*>(argument);
    schedule_tail();
    self->body();
    self->task.state = TaskState::Dead;
    schedule();
}

Task& Host::spawn(std::function<void()> body) {
    Spawned& spawned = *tasks_.emplace_back(std::make_unique<Spawned>());
    spawned.body = std::move(body);
    spawned.task.kernel_task = true;
    spawned.task.pid = static_cast<s32>(tasks_.size());
    init_context(spawned.task.context, nullptr, run_body, &spawned);
    wake_up_new_task(spawned.task);
    return spawned.task;
}

void Host::run_tasks() {
    const auto alive = [](const auto& spawned) { return spawned->task.state != TaskState::Dead; };
    while (std::any_of(tasks_.begin(), tasks_.end(), alive)) {
        if (this_rq().queued_level == RunQueue::IDLE_LEVEL)
            wait_for_interrupt(); // throws if nothing will ever wake them
        schedule();
    }
}

} // namespace harness
} // namespace faultline
