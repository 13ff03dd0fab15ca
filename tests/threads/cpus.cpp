// CPUs as threads: their interrupts, how they wait, and how they call each other.
#include "tests/threads/cpus.hpp"

#include <thread>
#include <vector>

#include <arch/irq.hpp>

#include "arch/model/turns.hpp"
#include "base/irq_guard.hpp"

namespace faultline::threads {

void Cpus::run(u32 count, const std::function<void(u32)>& body) {
    std::atomic<u32> busy = count;
    model::schedule_watcher = this;
    std::vector<std::thread> threads;
    for (u32 cpu = 0; cpu < count; ++cpu) {
        threads.emplace_back([&, cpu] {
            const model::OwnCpu own(cpu);
            body(cpu);
            // Idle: others may still have to flush what it has left in its TLB.
            busy.fetch_sub(1, std::memory_order_relaxed);
            wait_until("idle", [&] { return busy.load(std::memory_order_relaxed) == 0; });
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    model::schedule_watcher = nullptr;
}

// An interrupt may come in at this point.
void Cpus::at_point(const char*) {
    if (!irqs_disabled())
        answer_calls();
}

// Calls are answered here with interrupts masked, too (arch/contract/machine.hpp). A thread that waits yields: this
// computer may have fewer CPUs than the machine.
void Cpus::wait_until(const char*, const std::function<bool()>& condition) {
    while (!condition()) {
        answer_calls();
        std::this_thread::yield();
    }
}

// This orders what the machine orders (arch/arm/smp.cpp), and no more: the caller's changes before the answers, and
// these before what the caller does next.
void Cpus::call(CpuMask cpus, void (*function)(void*), void* argument) {
    const u32 here = smp_processor_id();
    Call& call = calls_[here];
    call.function = function;
    call.argument = argument;
    call.unanswered.store(cpus.count(), std::memory_order_relaxed);
    for (const u32 cpu : cpus)
        callers_[cpu].fetch_or(CpuMask::of(here).bits(), std::memory_order_release);
    wait_until("call CPUs", [&call] { return call.unanswered.load(std::memory_order_acquire) == 0; });
}

void Cpus::answer_calls() {
    std::atomic<u32>& waiting = callers_[smp_processor_id()];
    if (waiting.load(std::memory_order_relaxed) == 0)
        return;
    const IrqGuard masked;
    for (const u32 caller : CpuMask::from_bits(waiting.exchange(0, std::memory_order_acquire))) {
        Call& call = calls_[caller];
        call.function(call.argument);
        call.unanswered.fetch_sub(1, std::memory_order_release);
    }
}

} // namespace faultline::threads
