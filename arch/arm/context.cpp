// Building contexts and register sets for new tasks and program starts. Also asserts the offsets of layout.h.
#include <arch/context.hpp>
#include <arch/ptrace.hpp>
#include <arch/unwind.hpp>

#include <cstddef>

#include "arch/arm/layout.h"
#include "base/assert.hpp"

namespace faultline {

static_assert(offsetof(PtRegs, orig_r0) == S_ORIG_R0 && offsetof(PtRegs, r) == S_R0);
static_assert(offsetof(PtRegs, sp) == S_SP && offsetof(PtRegs, lr) == S_LR);
static_assert(offsetof(PtRegs, pc) == S_PC && offsetof(PtRegs, cpsr) == S_CPSR);
static_assert(PSR_MODE_USER == MODE_USR && PSR_MODE_SUPERVISOR == MODE_SVC && PSR_MODE_MASK == MODE_MASK);
static_assert(sizeof(PtRegs) == S_FRAME_SIZE && S_PC == S_BELOW_SRS);
static_assert(EXIT_WORK_OFFSET == TASK_EXIT_WORK);
static_assert(offsetof(CpuContext, sp) == CONTEXT_SP && offsetof(CpuContext, fpscr) == CONTEXT_FPSCR);
static_assert(offsetof(CpuContext, tpidruro) == CONTEXT_TPIDRURO);
static_assert(offsetof(CpuContext, tpidrurw) == CONTEXT_TPIDRURW);
static_assert(offsetof(CpuContext, vfp) == CONTEXT_VFP);

extern "C" {
void switch_context(CpuContext& from, CpuContext& to); // switch.S
void save_user_registers(CpuContext& context);
void restore_user_registers(const CpuContext& context);
void start_of_task(); // exceptions.S
}

namespace {

// What switch_context() pops.
struct SwitchFrame {
    u32 r4_to_r11[8];
    u32 lr;
    u32 padding; // keeps the stack 8-aligned
};

u32* stack_end(u32 address_in_stack) { return reinterpret_cast<u32*>(address_in_stack & ~(KERNEL_STACK_SIZE - 1)); }

} // namespace

void init_context(CpuContext& context, void* stack_top, void (*entry)(void*), void* argument) {
    const u32 top = reinterpret_cast<u32>(stack_top);
    BUG_ON((top & (KERNEL_STACK_SIZE - 1)) != 0);
    *stack_end(top - KERNEL_STACK_SIZE) = STACK_END_MAGIC;

    auto* frame = reinterpret_cast<SwitchFrame*>(&task_pt_regs(stack_top)) - 1;
    *frame = {.r4_to_r11 = {reinterpret_cast<u32>(entry), reinterpret_cast<u32>(argument)},
              .lr = reinterpret_cast<u32>(start_of_task),
              .padding = 0};
    context.sp = reinterpret_cast<u32>(frame);
}

CallFrame frame_of(const CpuContext& context) {
    const auto* pushed = reinterpret_cast<const SwitchFrame*>(context.sp);
    CallFrame frame;
    for (u32 i = 0; i < std::size(pushed->r4_to_r11); ++i)
        frame.r[4 + i] = pushed->r4_to_r11[i];
    frame.r[armv7::SP] = context.sp + offsetof(SwitchFrame, padding);
    frame.r[armv7::PC] = pushed->lr;
    return frame;
}

void check_stack_end() {
    u32 sp;
    asm volatile("mov %0, sp" : "=r"(sp));
    if (*stack_end(sp) != STACK_END_MAGIC) [[unlikely]] {
        *stack_end(sp) = STACK_END_MAGIC; // so that panic() itself does not report it again
        panic("kernel stack overflow (stack at 0x%08x)", reinterpret_cast<u32>(stack_end(sp)));
    }
}

void switch_to(CpuContext& from, CpuContext& to) {
    check_stack_end();
    switch_context(from, to);
}

PtRegs user_start_regs(u32 entry, u32 stack_pointer) {
    PtRegs regs{};
    regs.sp = stack_pointer;
    regs.pc = entry & ~INTERWORKING_THUMB;
    regs.cpsr = PSR_MODE_USER | ((entry & INTERWORKING_THUMB) != 0 ? PSR_T : 0);
    return regs;
}

void set_tls(u32 value) { asm volatile("mcr p15, 0, %0, c13, c0, 3" ::"r"(value) : "memory"); }

u32 get_tls() {
    u32 value;
    asm volatile("mrc p15, 0, %0, c13, c0, 3" : "=r"(value));
    return value;
}

void save_user_state(CpuContext& context) { save_user_registers(context); }
void load_user_state(const CpuContext& context) { restore_user_registers(context); }

void clear_user_state() {
    static constexpr CpuContext fresh{};
    load_user_state(fresh);
}

} // namespace faultline
