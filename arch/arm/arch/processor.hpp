// What a CPU does about the others while it waits for them, and where their order matters (base/concurrency.hpp).
#pragma once

#include "base/types.hpp"

namespace faultline {

// This CPU's number, as machine::this_cpu() (ARM ARM B4.1.106, MPIDR.Aff0; at most MAX_CPUS, a power of two). Volatile: a
// task that sleeps between two questions may have moved, and the compiler would ask once, before the loop or the sleep.
inline u32 smp_processor_id() {
    u32 mpidr;
    asm volatile("mrc p15, 0, %0, c0, c0, 5" : "=r"(mpidr));
    return mpidr & 7;
}

inline void schedule_point(const char*) {} // the CPUs run by themselves
inline void release_point(const char*) {}

// One turn of a loop that waits for another CPU. If interrupts are masked it does what others have asked of this CPU
// through smp_call_function_many, one of whom may be whom it waits for. (arch/arm/smp.cpp)
void relax_cpu();

// Sleeps for a moment, or until an interrupt is pending; then as relax_cpu(). For who has waited in vain for so long that
// the one he waits for may not be running: where CPUs are threads of an emulator that has fewer itself, a waiter that
// spins is what keeps it from running. (arch/arm/nap.cpp)
void nap();

template <class Condition>
void spin_until(const Condition& condition) {
    constexpr u32 TURNS = 100; // longer than anybody holds a lock for who is not kept from running
    for (u32 turn = 0; !condition(); ++turn) {
        if (turn < TURNS) [[likely]]
            relax_cpu();
        else
            nap();
    }
}

} // namespace faultline
