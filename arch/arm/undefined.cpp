// Undefined instructions, and exceptions that cannot happen. exceptions.S calls these as entry.S calls those of
// abort.cpp.
#include <arch/irq.hpp>
#include <arch/ptrace.hpp>
#include <arch/unaligned.hpp>

#include "arch/arm/irq_watch.hpp"
#include "arch/contract/upcalls.hpp"

namespace faultline {

namespace {

// The instructions of breakpoints: BKPT (ARM ARM A8.8.24), and the undefined ones that debuggers use instead (Linux
// arch/arm/kernel/ptrace.c).
constexpr u32 ARM_BKPT = 0xe1200070, ARM_BKPT_MASK = 0xfff000f0;
constexpr u32 ARM_UDF_BREAKPOINT = 0x07f001f0, ANY_CONDITION = 0x0fffffff;
constexpr u32 THUMB_BKPT = 0xbe00, THUMB_BKPT_MASK = 0xff00;
constexpr u32 THUMB_UDF_BREAKPOINT = 0xde01;
constexpr u32 WIDE_THUMB_UDF_BREAKPOINT = 0xf7f0a000;

// What GCC's __builtin_trap() is: UDF #0. It stands where the kernel's behaviour would be undefined: in the debug kernel
// behind each check of -fsanitize=undefined, in every kernel where the compiler has seen a certain error.
constexpr u32 ARM_TRAP = 0xe7f000f0;

bool is_trap(const PtRegs& regs) { return !thumb_mode(regs) && *reinterpret_cast<const u32*>(regs.pc) == ARM_TRAP; }

bool is_breakpoint(const PtRegs& regs) {
    const auto read = read_instruction(regs);
    if (!read)
        return false;
    const auto [bits, bytes] = read.value();
    if (!thumb_mode(regs))
        return (bits & ARM_BKPT_MASK) == ARM_BKPT || (bits & ANY_CONDITION) == ARM_UDF_BREAKPOINT;
    if (bytes == 4)
        return bits == WIDE_THUMB_UDF_BREAKPOINT;
    return (bits & THUMB_BKPT_MASK) == THUMB_BKPT || bits == THUMB_UDF_BREAKPOINT;
}

} // namespace

extern "C" {

// The vector left the address of the instruction *after* the undefined one, as if that were 2 bytes in Thumb state and
// 4 in ARM state (ARM ARM table B1-6).
void do_undefined(PtRegs& regs) {
    const MaskedByException masked(regs);
    regs.pc -= thumb_mode(regs) ? 2 : 4;
    if (!user_mode(regs)) {
        if (fixup_exception(regs)) // machine_exit() tries an instruction that may not exist
            return;
        if (is_trap(regs))
            undefined_behaviour(regs);
        die(regs, nullptr, "undefined instruction in the kernel at 0x%08x", regs.pc);
    }
    local_irq_enable();
    handle_undefined(regs, is_breakpoint(regs));
}

void do_unexpected(PtRegs& regs) { die(regs, nullptr, "reset, FIQ or Hyp trap, which nothing should cause"); }

} // extern "C"

} // namespace faultline
