// The calling chain, by frame pointers. With GCC for ARM state and -fno-omit-frame-pointer, fp points at the saved lr,
// and the caller's fp lies below it. A leaf function saves only fp.
#include <arch/ptrace.hpp>

#include "kernel/debug/kallsyms.hpp"
#include "kernel/debug/panic.hpp"
#include "kernel/debug/printk.hpp"

namespace faultline {

namespace {

inline constexpr u32 MAX_FRAMES = 32;
inline constexpr u32 FP = 11;
inline constexpr u32 KERNEL_STACK_BYTES = 8192; // <arch/context.hpp>, init_context

void print_frame(u32 address) {
    const Symbol symbol = kallsyms_lookup(address);
    if (symbol.name != nullptr)
        console_printf("  [<%08x>] %s+0x%x\n", address, symbol.name, symbol.offset);
    else
        console_printf("  [<%08x>]\n", address);
}

bool on_stack(u32 address, u32 stack) {
    return (address & 3) == 0 && address - stack < KERNEL_STACK_BYTES && address - stack >= 4;
}

// Prints the return addresses from `fp` upwards, within the stack that contains it. Stops at a frame pointer that does
// not lead upwards.
void print_callers(u32 fp) {
    const u32 stack = fp & ~(KERNEL_STACK_BYTES - 1);
    for (u32 frames = 0; frames < MAX_FRAMES && on_stack(fp, stack); ++frames) {
        const u32* frame = reinterpret_cast<const u32*>(fp);
        const bool leaf = !kernel_text_address(frame[0]);
        if (!leaf)
            print_frame(frame[0] - 4); // the call itself: the next instruction may belong to another function
        const u32 caller = leaf ? frame[0] : frame[-1];
        if (caller <= fp)
            return;
        fp = caller;
    }
}

} // namespace

void dump_stack() {
    console_printf("backtrace:\n");
    print_callers(reinterpret_cast<u32>(__builtin_frame_address(0)));
}

void dump_stack(const PtRegs& regs) {
    console_printf("backtrace:\n");
    print_frame(regs.pc);
    if (user_mode(regs))
        return;
    // fp may name the frame of the interrupted function or, before its prologue is done, that of its caller. In the
    // second case lr is the only trace of the caller.
    if (kernel_text_address(regs.lr))
        print_frame(regs.lr - 4);
    print_callers(regs.r[FP]);
}

} // namespace faultline
