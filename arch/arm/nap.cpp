// Naps: the physical timer (ARM ARM B8.1.5), which nothing else uses, ends a WFI after a moment. Its interrupt only has to
// become pending for that, so naps work with interrupts masked.
#include <arch/interrupts.hpp>
#include <arch/irq.hpp>
#include <arch/processor.hpp>

#include "arch/arm/setup.hpp"
#include "base/irq_guard.hpp"

namespace faultline {

namespace {

inline constexpr u32 NAPS_PER_SECOND = 50'000;
inline constexpr u32 CNTP_CTL_ENABLE = 1;

constinit u32 ticks = 0; // of one nap; 0: not yet

void set_cntp_tval(u32 value) { asm volatile("mcr p15, 0, %0, c14, c2, 0" ::"r"(value)); }
void set_cntp_ctl(u32 value) { asm volatile("mcr p15, 0, %0, c14, c2, 1\n\tisb" ::"r"(value)); }

} // namespace

void nap_init(u32 intid) {
    request_irq(intid, [](void*) { set_cntp_ctl(0); }, nullptr);
    ticks = clock_frequency() / NAPS_PER_SECOND;
}

void nap_init_cpu() { set_cntp_ctl(0); }

void nap() {
    // The GIC does not signal an interrupt to a CPU that handles one of the same priority: it would not wake up.
    if (ticks != 0 && !in_interrupt()) {
        const IrqGuard irqs;
        set_cntp_tval(ticks);
        set_cntp_ctl(CNTP_CTL_ENABLE);
        wait_for_interrupt();
        set_cntp_ctl(0);
    }
    relax_cpu();
}

} // namespace faultline
