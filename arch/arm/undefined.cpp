// Undefined instructions, and exceptions that cannot happen. entry.S calls these as it does those of abort.cpp.
#include <arch/irq.hpp>
#include <arch/ptrace.hpp>

#include "arch/contract/uaccess.hpp"
#include "arch/contract/upcalls.hpp"

namespace faultline {

namespace {

// The instructions of breakpoints: BKPT (ARM ARM A8.8.24), and the undefined ones that debuggers use instead (Linux
// arch/arm/kernel/ptrace.c).
constexpr u32 ARM_BKPT = 0xe1200070, ARM_BKPT_MASK = 0xfff000f0;
constexpr u32 ARM_UDF_BREAKPOINT = 0x07f001f0, ANY_CONDITION = 0x0fffffff;
constexpr u32 THUMB_BKPT = 0xbe00, THUMB_BKPT_MASK = 0xff00;
constexpr u32 THUMB_UDF_BREAKPOINT = 0xde01;

bool is_thumb_breakpoint(UserAddr pc) {
    const auto low = get_user_u8(pc), high = get_user_u8(pc + 1);
    if (!low || !high)
        return false;
    const u32 instruction = u32{low.value()} | u32{high.value()} << 8;
    return (instruction & THUMB_BKPT_MASK) == THUMB_BKPT || instruction == THUMB_UDF_BREAKPOINT;
}

bool is_arm_breakpoint(UserAddr pc) {
    const auto instruction = get_user_u32(pc);
    return instruction && ((instruction.value() & ARM_BKPT_MASK) == ARM_BKPT ||
                           (instruction.value() & ANY_CONDITION) == ARM_UDF_BREAKPOINT);
}

} // namespace

extern "C" {

// The vector left the address of the instruction *after* the undefined one, as if that were 2 bytes in Thumb
// state and 4 in ARM state (ARM ARM table B1-6).
void do_undefined(PtRegs& regs) {
    regs.pc -= thumb_mode(regs) ? 2 : 4;
    if (!user_mode(regs)) {
        if (fixup_exception(regs)) // machine_exit() tries an instruction that may not exist
            return;
        die(regs, nullptr, "undefined instruction in the kernel at 0x%08x", regs.pc);
    }
    local_irq_enable();
    const UserAddr pc(regs.pc);
    handle_undefined(regs, thumb_mode(regs) ? is_thumb_breakpoint(pc) : is_arm_breakpoint(pc));
}

void do_unexpected(PtRegs& regs) { die(regs, nullptr, "reset, FIQ or Hyp trap, which nothing should cause"); }

} // extern "C"

} // namespace faultline
