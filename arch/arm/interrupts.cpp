// GICv2: one distributor, and one interface for each CPU (ARM IHI 0048B chapter 4). All interrupts have the same
// priority, so they do not nest. Two groups of registers are banked, that is, each CPU sees its own at the same
// address: those of the interface, and the distributor's registers for INTIDs below 32.
#include <arch/context.hpp>
#include <arch/interrupts.hpp>
#include <arch/io.hpp>
#include <arch/ptrace.hpp>

#include <bit>

#include "arch/arm/irq_watch.hpp"
#include "arch/arm/setup.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/per_cpu.hpp"
#include "base/assert.hpp"
#include "base/irq_guard.hpp"
#include "base/lockdep.hpp"
#include "base/relaxed.hpp"

namespace faultline {

namespace {

// Distributor registers, 4.3.
inline constexpr u32 GICD_CTLR = 0x000;
inline constexpr u32 GICD_TYPER = 0x004;
inline constexpr u32 GICD_ISENABLER = 0x100; // one bit per INTID, like the next
inline constexpr u32 GICD_ICENABLER = 0x180;
inline constexpr u32 GICD_IPRIORITYR = 0x400; // one byte per INTID, like the next
inline constexpr u32 GICD_ITARGETSR = 0x800;
inline constexpr u32 GICD_SGIR = 0xf00;

inline constexpr u32 GICD_CTLR_ENABLE = 1;
inline constexpr u32 GICD_TYPER_ITLINESNUMBER = 0x1f;    // one less than the number of registers with a bit per INTID
inline constexpr u32 GICD_SGIR_CPU_TARGET_LIST_BIT = 16; // the field's first bit; the INTID is in the lowest ones

// CPU interface registers, 4.4.
inline constexpr u32 GICC_CTLR = 0x00;
inline constexpr u32 GICC_PMR = 0x04;
inline constexpr u32 GICC_IAR = 0x0c;
inline constexpr u32 GICC_EOIR = 0x10;

inline constexpr u32 GICC_CTLR_ENABLE = 1;

inline constexpr u32 INTID_MASK = 0x3ff; // of GICC_IAR
inline constexpr u32 FIRST_SPI = 32;
inline constexpr u32 FIRST_SPECIAL_INTID = 1020; // 1023: nothing is pending
inline constexpr u8 PRIORITY = 0xa0;             // any value that is more urgent (numerically lower) than the mask
inline constexpr u32 PRIORITY_MASK = 0xf0;

struct Action {
    InterruptHandler handler = nullptr;
    void* argument = nullptr;
    const char* name = nullptr;
};

constinit Action actions[MAX_INTID];
struct Counts {
    Relaxed<u32> of[MAX_INTID] = {};
};
constinit PerCpu<Counts> counts; // a CPU writes its own only
constinit void* distributor = nullptr;
constinit void* cpu_interface = nullptr;
constinit PerCpu<const PtRegs*> interrupted; // nullptr: no interrupt is being handled
constinit PerCpu<InterruptNoise> noise;

// Half a round of SipHash, which is enough to keep the words apart. (Linux: fast_mix.)
void mix(InterruptNoise& into, u32 moment, u32 what) {
    auto& [a, b, c, d] = into.words;
    d ^= moment;
    a += b, b = std::rotl(b, 5) ^ a, a = std::rotl(a, 16);
    c += d, d = std::rotl(d, 8) ^ c;
    a += d, d = std::rotl(d, 7) ^ a;
    c += b, b = std::rotl(b, 13) ^ c, c = std::rotl(c, 16);
    a ^= what;
}

void write_bit(u32 registers, u32 intid) { write32(distributor, registers + (intid / 32) * 4, 1u << (intid % 32)); }

void handle_pending(const PtRegs& regs) {
    const MaskedByException masked(regs);
    const lockdep::InterruptScope scope;
    interrupted.here() = &regs;
    for (;;) {
        const u32 acknowledged = read32(cpu_interface, GICC_IAR);
        const u32 intid = acknowledged & INTID_MASK;
        if (intid >= FIRST_SPECIAL_INTID)
            break;
        mix(noise.here(), static_cast<u32>(clock_ns()), acknowledged ^ regs.pc);
        const Action action = intid < MAX_INTID ? actions[intid] : Action{};
        if (action.handler == nullptr)
            panic("interrupt %u, which nobody asked for", intid);
        Relaxed<u32>& count = counts.here().of[intid];
        count = count + 1;
        action.handler(action.argument);
        write32(cpu_interface, GICC_EOIR, acknowledged);
    }
    interrupted.here() = nullptr;
}

} // namespace

InterruptNoise interrupt_noise(u32 cpu) { return noise.of(cpu); }

void interrupts_init(const BootInfo& info) {
    distributor = ioremap(info.gic_distributor.base, info.gic_distributor.bytes);
    cpu_interface = ioremap(info.gic_cpu_interface.base, info.gic_cpu_interface.bytes);

    const u32 lines = ((read32(distributor, GICD_TYPER) & GICD_TYPER_ITLINESNUMBER) + 1) * 32;
    write32(distributor, GICD_CTLR, 0);
    for (u32 intid = FIRST_SPI; intid < lines; ++intid) {
        if (intid % 32 == 0)
            write32(distributor, GICD_ICENABLER + intid / 8, ~0u);
        write8(distributor, GICD_IPRIORITYR + intid, PRIORITY);
    }
    write32(distributor, GICD_CTLR, GICD_CTLR_ENABLE);
    interrupts_init_cpu();
}

void interrupts_init_cpu() {
    write32(distributor, GICD_ICENABLER, ~0u);
    for (u32 intid = 0; intid < FIRST_SPI; ++intid) {
        write8(distributor, GICD_IPRIORITYR + intid, PRIORITY);
        if (actions[intid].handler != nullptr)
            enable_irq(intid);
    }
    write32(cpu_interface, GICC_PMR, PRIORITY_MASK);
    write32(cpu_interface, GICC_CTLR, GICC_CTLR_ENABLE);
}

void send_sgi(u32 intid, CpuMask cpus) {
    asm volatile("dsb ishst" ::: "memory");
    write32(distributor, GICD_SGIR, cpus.bits() << GICD_SGIR_CPU_TARGET_LIST_BIT | intid);
}

void request_irq(u32 intid, InterruptHandler handler, void* argument, const char* name) {
    if (intid >= MAX_INTID)
        panic("interrupt %u is beyond the %u that are provided for", intid, MAX_INTID);
    const IrqGuard masked;
    BUG_ON(actions[intid].handler != nullptr);
    actions[intid] = {.handler = handler, .argument = argument, .name = name};
    if (intid >= FIRST_SPI)
        write8(distributor, GICD_ITARGETSR + intid, 1); // CPU 0
    enable_irq(intid);
}

void enable_irq(u32 intid) { write_bit(GICD_ISENABLER, intid); }
void disable_irq(u32 intid) { write_bit(GICD_ICENABLER, intid); }

const char* interrupt_name(u32 intid) { return actions[intid].name; }
u32 interrupt_count(u32 intid, u32 cpu) { return counts.of(cpu).of[intid]; }

bool in_interrupt() { return interrupted.here() != nullptr; }
bool interrupted_user_mode() { return user_mode(*interrupted.here()); }
const PtRegs* interrupted_registers() { return interrupted.here(); }

// exceptions.S calls these with interrupts masked, on the supervisor stack of the interrupted code.
extern "C" void handle_irq(const PtRegs& regs) { handle_pending(regs); }
extern "C" void handle_irq_in_kernel(const PtRegs& regs) {
    check_stack_end();
    handle_pending(regs);
}

} // namespace faultline
