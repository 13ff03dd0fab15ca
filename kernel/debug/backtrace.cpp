// The calling chain, by frame pointers. With GCC for ARM state and -fno-omit-frame-pointer, fp points at the saved lr,
// and the caller's fp lies below it. A leaf function saves only fp.
#include <arch/context.hpp>
#include <arch/ptrace.hpp>

#include "base/format.hpp"
#include "kernel/debug/kallsyms.hpp"
#include "kernel/debug/panic.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

extern "C" const char __sched_text_start[], __sched_text_end[]; // linker/kernel.lds

namespace {

inline constexpr u32 MAX_FRAMES = 32;
inline constexpr u32 FP = 11;
inline constexpr u32 KERNEL_STACK_BYTES = 8192; // <arch/context.hpp>, init_context

// Where the lines go.
using Print = void (*)(const char* line);
void to_console(const char* line) { console_printf("%s\n", line); }
void to_log(const char* line) { printk(KERN_ERR, "%s", line); }

void print_frame(u32 address, Print print) {
    char line[128];
    snprintf(line, sizeof line, "  [<%08x>] %s", address, sprint_symbol(address).text);
    print(line);
}

bool on_stack(u32 address, u32 stack) {
    return (address & 3) == 0 && address - stack < KERNEL_STACK_BYTES && address - stack >= 4;
}

// Whether `address` lies in kernel/sched. (Linux: the same name.)
bool in_sched_functions(u32 address) {
    const u32 start = reinterpret_cast<u32>(__sched_text_start);
    return address - start < reinterpret_cast<u32>(__sched_text_end) - start;
}

u32 stack_around(u32 address) { return address & ~(KERNEL_STACK_BYTES - 1); }
u32 stack_of(const Task& task) { return reinterpret_cast<u32>(task.stack); }

// Passes the addresses of the calls from `fp` upwards to `visit`, within the stack that begins at `stack`. Stops when
// `visit` returns false, and at a frame pointer that does not lead upwards, or not within the stack: that of a task that
// runs again may be anything.
template <class Visit>
void for_each_caller(u32 fp, u32 stack, Visit visit) {
    for (u32 frames = 0; frames < MAX_FRAMES && on_stack(fp, stack); ++frames) {
        const u32* frame = reinterpret_cast<const u32*>(fp);
        const bool leaf = !kernel_text_address(frame[0]);
        // The call itself: the next instruction may belong to another function.
        if (!leaf && !visit(frame[0] - 4))
            return;
        const u32 caller = leaf ? frame[0] : frame[-1];
        if (caller <= fp)
            return;
        fp = caller;
    }
}

void print_callers(u32 fp, u32 stack, Print print) {
    for_each_caller(fp, stack, [&](u32 address) {
        print_frame(address, print);
        return true;
    });
}

void print_stack(const PtRegs& regs, Print print) {
    print("backtrace:");
    print_frame(regs.pc, print);
    if (user_mode(regs))
        return;
    // fp may name the frame of the interrupted function or, before its prologue is done, that of its caller. In the
    // second case lr is the only trace of the caller.
    if (kernel_text_address(regs.lr))
        print_frame(regs.lr - 4, print);
    print_callers(regs.r[FP], stack_around(regs.r[FP]), print);
}

} // namespace

void dump_stack() {
    to_console("backtrace:");
    const u32 fp = reinterpret_cast<u32>(__builtin_frame_address(0));
    print_callers(fp, stack_around(fp), to_console);
}

void dump_stack(const PtRegs& regs) { print_stack(regs, to_console); }

void log_stack(const PtRegs& regs) { print_stack(regs, to_log); }

void log_stack(const Task& asleep) {
    to_log("backtrace:");
    const Resumption where = resumption(asleep.context);
    print_frame(where.pc - 4, to_log);
    print_callers(where.fp, stack_of(asleep), to_log);
}

const char* get_wchan(const Task& task) {
    u32 found = 0;
    for_each_caller(resumption(task.context).fp, stack_of(task), [&](u32 address) {
        const bool scheduler = in_sched_functions(address);
        found = scheduler ? 0 : address;
        return scheduler;
    });
    return found == 0 ? nullptr : kallsyms_lookup(found).name;
}

} // namespace faultline
