// Starting CPUs, and calls from one CPU to another. A call is announced by a software-generated interrupt (ARM IHI
// 0048B 4.3.15). A CPU that waits with interrupts masked does not take it; it looks for calls in its waiting loop
// (relax_cpu).
#include <arch/smp.hpp>

#include <arch/interrupts.hpp>
#include <arch/irq.hpp>
#include <arch/processor.hpp>

#include <array>
#include <atomic>

#include "arch/arm/layout.h"
#include "arch/arm/psci.hpp"
#include "arch/arm/setup.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/per_cpu.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/assert.hpp"

namespace faultline {

extern "C" char secondary_start[]; // boot.S

namespace {

using machine::MAX_CPUS;

inline constexpr u32 SGI_RESCHEDULE = 0, SGI_CALL = 1;
inline constexpr u64 PATIENCE_NS = 1'000'000'000; // how long stop_cpu() waits for an answer

// One call. It lies on the caller's stack until all CPUs have answered.
struct Call {
    void (*function)(void*);
    void* argument;
    std::atomic<u32> unanswered; // how many CPUs have not answered
};

// The calls to one CPU. A CPU makes one call at a time, so there is one slot for each calling CPU.
struct Inbox {
    std::atomic<u32> callers{0}; // the bits of a CpuMask: CPUs with a call that is not answered yet
    std::array<std::atomic<Call*>, MAX_CPUS> calls{};
};
constinit PerCpu<Inbox> inboxes;

void post(u32 cpu, Call& call) {
    const CpuId here = machine::this_cpu();
    Inbox& inbox = inboxes.of(cpu);
    inbox.calls[here.value()].store(&call, std::memory_order_relaxed);
    inbox.callers.fetch_or(CpuMask::of(here).bits(), std::memory_order_release);
}

// Interrupts masked.
void answer_calls() {
    Inbox& inbox = inboxes.here();
    if (inbox.callers.load(std::memory_order_relaxed) == 0)
        return;
    for (const u32 caller : CpuMask::from_bits(inbox.callers.exchange(0, std::memory_order_acquire))) {
        Call& call = *inbox.calls[caller].load(std::memory_order_relaxed);
        call.function(call.argument);
        call.unanswered.fetch_sub(1, std::memory_order_release);
    }
}

struct LastWords {
    void (*speak)(const PtRegs*);
    std::atomic<bool> spoken{false};
};

void stop_here(void* argument) {
    auto& last_words = *static_cast<LastWords*>(argument);
    last_words.speak(interrupted_registers());
    last_words.spoken.store(true, std::memory_order_release);
    for (;;)
        wait_for_interrupt();
}

} // namespace

void smp_init() {
    request_irq(SGI_RESCHEDULE, [](void*) { scheduler_ipi(); }, nullptr, "reschedule");
    request_irq(SGI_CALL, [](void*) { answer_calls(); }, nullptr, "function call");
}

bool start_cpu(CpuId cpu, void* stack_top) {
    *reinterpret_cast<u32*>(static_cast<u8*>(stack_top) - KERNEL_STACK_SIZE) = STACK_END_MAGIC;
    return psci_call(PSCI_CPU_ON, cpu.value(), reinterpret_cast<u32>(secondary_start) - VIRT_TO_PHYS_DELTA,
                     reinterpret_cast<u32>(stack_top)) == PSCI_SUCCESS;
}

void smp_send_reschedule(CpuId cpu) { send_sgi(SGI_RESCHEDULE, CpuMask::of(cpu)); }

void relax_cpu() {
    asm volatile("yield" ::: "memory"); // ARM ARM A8.8.427; with QEMU's -icount it lets another CPU run
    if (irqs_disabled())
        answer_calls();
}

void machine::smp_call_function_many(CpuMask cpus, void (*function)(void*), void* argument) {
    DEBUG_BUG_ON(cpus.has(this_cpu()) || in_interrupt());
    if (cpus.empty())
        return;
    Call call{function, argument, cpus.count()};
    for (const u32 cpu : cpus)
        post(cpu, call);
    send_sgi(SGI_CALL, cpus);
    spin_until([&] { return call.unanswered.load(std::memory_order_acquire) == 0; });
}

bool stop_cpu(CpuId cpu, void (*speak)(const PtRegs*)) {
    static constinit LastWords last_words{nullptr};
    static constinit Call call{stop_here, &last_words, 1}; // never answered
    last_words.speak = speak;
    last_words.spoken.store(false, std::memory_order_relaxed);
    post(cpu.value(), call);
    send_sgi(SGI_CALL, CpuMask::of(cpu));
    const u64 deadline = clock_ns() + PATIENCE_NS;
    while (!last_words.spoken.load(std::memory_order_acquire) && clock_ns() < deadline)
        asm volatile("yield");
    return last_words.spoken.load(std::memory_order_acquire);
}

} // namespace faultline
