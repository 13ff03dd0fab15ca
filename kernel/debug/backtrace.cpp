// The calling chain, from the inside out.
#include <arch/ptrace.hpp>
#include <arch/unwind.hpp>

#include "base/format.hpp"
#include "kernel/debug/kallsyms.hpp"
#include "kernel/debug/panic.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

extern "C" const char __sched_text_start[], __sched_text_end[]; // linker/kernel.lds

namespace {

inline constexpr u32 MAX_FRAMES = 32;

// Where the lines go.
using Print = void (*)(const char* line);
void to_console(const char* line) { console_printf("%s\n", line); }
void to_log(const char* line) { printk(KERN_ERR, "%s", line); }

void print_frame(u32 address, Print print) {
    char line[128];
    snprintf(line, sizeof line, "  [<%08x>] %s", address, sprint_symbol(address).text);
    print(line);
}

// Whether `address` lies in kernel/sched. (Linux: the same name.)
bool in_sched_functions(u32 address) {
    const u32 start = reinterpret_cast<u32>(__sched_text_start);
    return address - start < reinterpret_cast<u32>(__sched_text_end) - start;
}

// Passes the places of the calls that `frame` is in to `visit`, within the stack that begins at `stack`. Stops when `visit`
// returns false. The registers of a task that runs again may be anything.
template <class Visit>
void for_each_caller(CallFrame frame, u32 stack, Visit visit) {
    for (u32 frames = 0; frames < MAX_FRAMES && unwind_frame(frame, stack); ++frames) {
        if (!visit(frame.where()))
            return;
    }
}

void print_callers(const CallFrame& frame, u32 stack, Print print) {
    for_each_caller(frame, stack, [print](u32 address) {
        print_frame(address, print);
        return true;
    });
}

void print_stack(const PtRegs& regs, Print print) {
    print("backtrace:");
    print_frame(regs.pc, print);
    if (user_mode(regs))
        return;
    const CallFrame frame = frame_of(regs);
    print_callers(frame, stack_of(frame), print);
}

u32 stack_of(const Task& task) { return reinterpret_cast<u32>(task.stack); }

} // namespace

void dump_stack() {
    to_console("backtrace:");
    const CallFrame frame = frame_here();
    print_callers(frame, stack_of(frame), to_console);
}

void dump_stack(const PtRegs& regs) { print_stack(regs, to_console); }

void log_stack(const PtRegs& regs) { print_stack(regs, to_log); }

void log_stack(const Task& asleep) {
    to_log("backtrace:");
    const CallFrame frame = frame_of(asleep.context);
    print_frame(frame.where(), to_log);
    print_callers(frame, stack_of(asleep), to_log);
}

const char* get_wchan(const Task& task) {
    u32 found = 0;
    for_each_caller(frame_of(task.context), stack_of(task), [&](u32 address) {
        const bool scheduler = in_sched_functions(address);
        found = scheduler ? 0 : address;
        return scheduler;
    });
    return found == 0 ? nullptr : kallsyms_lookup(found).name;
}

} // namespace faultline
