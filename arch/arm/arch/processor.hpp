// How a CPU identifies itself and waits for other CPUs: the target's version of base/concurrency.hpp.
#pragma once

#include <atomic>

#include "base/types.hpp"

namespace faultline {

// This CPU's number, as machine::this_cpu() returns it (ARM ARM B4.1.106, MPIDR.Aff0; below MAX_CPUS, a power of two).
// The asm is volatile because a task may move to another CPU while it sleeps: the compiler must not read the register
// once and use the value again after the sleep.
inline u32 smp_processor_id() {
    u32 mpidr;
    asm volatile("mrc p15, 0, %0, c0, c0, 5" : "=r"(mpidr));
    constexpr u32 MPIDR_CPU = 7; // of Aff0
    return mpidr & MPIDR_CPU;
}

// The order of a load whose value is the address, or part of the address, of the next: such loads are in order on ARMv7
// without a barrier (ARM ARM A3.8.2). (What std::memory_order_consume was meant for; Linux: READ_ONCE of a pointer.)
inline constexpr std::memory_order memory_order_dependent = std::memory_order_relaxed;

// Nothing to do on the target: its CPUs run in parallel.
inline void schedule_point(const char*) {}
inline void release_point(const char*) {}

// One turn of a loop that waits for another CPU. If interrupts are masked, it also answers the calls that other CPUs
// have made to this CPU (smp_call_function_many): this CPU may be waiting for one of these callers. (arch/arm/smp.cpp)
void relax_cpu();

// Sleeps for a moment, or until an interrupt is pending, then acts as relax_cpu(). For a CPU that has waited for long:
// the CPU that it waits for may not be running. An emulator may have fewer host CPUs than it emulates; there a waiter
// that spins keeps the other CPU from running. (arch/arm/nap.cpp)
void nap();

// The waiting of spin_until(). Not inlined: as a rule there is none, and its variables would cost whoever takes a lock
// registers.
template <class Condition>
[[gnu::noinline]] void spin_in_turns(Condition condition) {
    constexpr u32 TURNS = 100; // longer than a lock is held by a CPU that keeps running
    for (u32 turn = 0; !condition(); ++turn) {
        if (turn < TURNS) [[likely]]
            relax_cpu();
        else
            nap();
    }
}

template <class Condition>
void spin_until(const Condition& condition) {
    if (!condition()) [[unlikely]]
        spin_in_turns(condition);
}

} // namespace faultline
