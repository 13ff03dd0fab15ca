// Watches how long a CPU masks interrupts, in the debug kernel. A CPU that masks them for longer than the limit panics when it
// unmasks them, or sleeps.
//
// Only a machine that counts instructions (QEMU's -icount) is watched: there time is what the CPUs execute. On any other,
// the clock goes on while the host runs something else in place of the CPU, and the time shows nothing about the kernel.
// The CPUs of such a machine take turns, and one turn may end where interrupts are masked. So the limit is for one CPU; with
// several, each of them may use it up once.
#include "arch/arm/irq_watch.hpp"

#ifdef FAULTLINE_DEBUG

#include "arch/contract/clock.hpp"
#include "arch/contract/per_cpu.hpp"
#include "arch/contract/upcalls.hpp"

namespace faultline {

namespace {

constexpr u64 LIMIT_NS = 10'000'000; // for one CPU
constexpr u64 NOT_WATCHED = ~u64{0};

constinit u64 limit_ns = NOT_WATCHED;

struct Masked {
    u64 since_ns = 0; // 0: not masked, or since the boot
    u32 by = 0;       // the code that masked them
};
constinit PerCpu<Masked> masked;

} // namespace

void irq_watch_init(u32 cpus) {
    if (instructions_retired() != 0)
        limit_ns = LIMIT_NS * cpus;
}

void trace_hardirqs_off() {
    if (limit_ns == NOT_WATCHED)
        return;
    masked.here() = {clock_ns(), reinterpret_cast<u32>(__builtin_return_address(0))};
}

void trace_hardirqs_on() {
    Masked& here = masked.here();
    if (here.since_ns == 0)
        return;
    const u64 ns = clock_ns() - here.since_ns;
    here.since_ns = 0;
    if (ns > limit_ns)
        irqs_masked_too_long(ns, here.by);
}

} // namespace faultline

#endif
