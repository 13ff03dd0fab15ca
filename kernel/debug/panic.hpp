// How the machine ends after a fatal error, with a readable report. panic() is declared in base/assert.hpp, die() in
// arch/contract/upcalls.hpp.
#pragma once

#include <cstddef>

#include "arch/contract/upcalls.hpp"
#include "base/assert.hpp"

namespace faultline {

struct Task; // kernel/sched/task.hpp

// The status with which a panic ends the machine.
inline constexpr u8 PANIC_STATUS = 71;

// Print the calling chain of this point, or of an exception, on the console.
void dump_stack();
void dump_stack(const PtRegs& regs);

// Prints the calling chain of an exception as kernel messages, or that of a task that does not run. If the task wakes up
// meanwhile, what is printed may be wrong. The caller makes sure that it is not freed.
void log_stack(const PtRegs& regs);
void log_stack(const Task& asleep);

// The function in which a task sleeps: the innermost that is not the scheduler's. nullptr: unknown. If the task wakes up
// meanwhile, the answer may be wrong. The caller makes sure that it is not freed. (Linux: the same name.)
const char* get_wchan(const Task& task);

// Writes what the current task's page tables say about `address`: the software entry and the hardware descriptor, in
// words. At most `size` bytes with the NUL. Returns false if there is nothing to say. Takes no lock, because panics use
// it; kernel/debug/dump.cpp.
bool describe_address(u32 address, char* buffer, std::size_t size);

} // namespace faultline
