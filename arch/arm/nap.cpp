// Naps: a CPU sleeps in WFI, and the physical timer (ARM ARM B8.1.5) wakes it after a moment. Nothing else uses that
// timer. Its interrupt only has to become pending, so naps work with interrupts masked, too.
#include <arch/interrupts.hpp>
#include <arch/irq.hpp>
#include <arch/processor.hpp>

#include "arch/arm/setup.hpp"
#include "base/irq_guard.hpp"

namespace faultline {

namespace {

inline constexpr u32 NAPS_PER_SECOND = 50'000;
inline constexpr u32 CNTP_CTL_ENABLE = 1;

constinit u32 ticks = 0; // length of a nap; 0 until nap_init()

void set_cntp_tval(u32 value) { asm volatile("mcr p15, 0, %0, c14, c2, 0" ::"r"(value)); }
void set_cntp_ctl(u32 value) { asm volatile("mcr p15, 0, %0, c14, c2, 1\n\tisb" ::"r"(value)); }

} // namespace

void nap_init(u32 intid) {
    request_irq(intid, [](void*) { set_cntp_ctl(0); }, nullptr, "nap");
    ticks = clock_frequency() / NAPS_PER_SECOND;
}

void nap_init_cpu() { set_cntp_ctl(0); }

void nap() {
    // While a CPU handles an interrupt, the GIC signals it no other of the same priority. The timer could not wake it.
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
