// What a CPU does about the others while it waits for them, and where their order matters (base/concurrency.hpp).
#pragma once

namespace faultline {

inline void schedule_point(const char*) {} // the CPUs run by themselves

// One turn of a loop that waits for another CPU. If interrupts are masked it does what others have asked of this CPU
// through smp_call_function_many, one of whom may be whom it waits for. (arch/arm/smp.cpp)
void relax_cpu();

template <class Condition>
void spin_until(const Condition& condition) {
    while (!condition())
        relax_cpu();
}

} // namespace faultline
