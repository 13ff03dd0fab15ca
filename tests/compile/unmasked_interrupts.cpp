// A run queue's CPU is told to look again with interrupts on: its own handler would wait for the lock that it takes.
// clang error: calling function 'resched_cpu' requires holding state 'irqs_masked'
#include "kernel/sched/run_queue.hpp"

namespace faultline {

void look_again(u32 cpu) {
#ifdef CORRECT
    const IrqGuard irqs;
#endif
    resched_cpu(cpu);
}

} // namespace faultline
