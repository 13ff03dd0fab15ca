// What the machine finds wrong with the kernel by itself: undefined behaviour, a kernel stack that is full, interrupts
// masked for too long. Each ends in a panic that names the place.
#include <arch/ptrace.hpp>

#include "arch/contract/upcalls.hpp"
#include "base/assert.hpp"
#include "kernel/debug/kallsyms.hpp"

namespace faultline {

void undefined_behaviour(const PtRegs& regs) {
    die(regs, nullptr, "undefined behaviour at %s", sprint_symbol(regs.pc).text);
}

void kernel_stack_overflow(const PtRegs& regs) {
    die(regs, nullptr, "kernel stack overflow at %s, with the stack pointer at 0x%08x", sprint_symbol(regs.pc).text,
        regs.sp);
}

void irqs_masked_too_long(u64 ns, u32 by) {
    panic("interrupts masked for %u us, since %s", static_cast<u32>(ns / 1000), sprint_symbol(by).text);
}

} // namespace faultline
