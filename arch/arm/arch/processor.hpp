// What a CPU does about the others while it waits for them, and where their order matters (base/concurrency.hpp).
#pragma once

namespace faultline {

inline void schedule_point(const char*) {} // the CPUs run by themselves

template <class Condition>
void spin_until(const Condition& condition) {
    while (!condition())
        asm volatile("yield"); // ARM ARM A8.8.427; under QEMU's -icount it is what lets the other CPU run
}

} // namespace faultline
