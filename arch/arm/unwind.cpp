// The kernel's own unwinding tables, and where a walk begins.
#include <arch/unwind.hpp>

#include "arch/arm/layout.h"
#include "arch/arm/sections.hpp"

namespace faultline {

extern "C" {
// The tables name these routines, which undo frames for C++ exceptions. The kernel has none, and never calls them.
void __aeabi_unwind_cpp_pr0() {}
void __aeabi_unwind_cpp_pr1() {}
void __aeabi_unwind_cpp_pr2() {}
}

namespace {

u32 address_of(const char* symbol) { return reinterpret_cast<u32>(symbol); }

} // namespace

CallFrame frame_of(const PtRegs& regs) {
    CallFrame frame;
    for (u32 i = 0; i < std::size(regs.r); ++i)
        frame.r[i] = regs.r[i];
    frame.r[armv7::SP] = regs.sp;
    frame.r[armv7::LR] = regs.lr;
    frame.r[armv7::PC] = regs.pc;
    frame.interrupted = true;
    return frame;
}

u32 stack_of(const CallFrame& frame) {
    u32 sp = frame.sp();
#ifdef FAULTLINE_DEBUG
    sp |= KERNEL_STACK_SIZE; // it may be in the guard below
#endif
    return sp & ~(KERNEL_STACK_SIZE - 1u);
}

bool unwind_frame(CallFrame& frame, u32 stack) {
    const auto read = [stack](u32 address) -> std::optional<u32> {
        const bool in_tables =
            address - address_of(__extab_start) < address_of(__exidx_end) - address_of(__extab_start);
        if ((address & 3) != 0 || (!in_tables && address - stack >= KERNEL_STACK_SIZE))
            return std::nullopt;
        return *reinterpret_cast<const u32*>(address);
    };
    const armv7::UnwindTables tables{.index = address_of(__exidx_start),
                                     .index_end = address_of(__exidx_end),
                                     .text = address_of(__text_start),
                                     .text_end = address_of(__text_end)};
    const std::optional<CallFrame> caller = armv7::caller_of(frame, tables, read);
    if (caller)
        frame = *caller;
    return caller.has_value();
}

} // namespace faultline
