// What the kernel's subject (scheduler, futexes, traps, dispatch) asks of abi/, found by the linker: the only way up.
// Host tests, which compile no abi/, define what they need of it in their harnesses.
#pragma once

#include <array>

#include "base/result.hpp"
#include "base/spinlock.hpp"
#include "base/types.hpp"

namespace faultline {

struct PtRegs; // <arch/ptrace.hpp>
struct Task;   // kernel/sched/task.hpp

// ---- tasks ----

// Guards the table of thread ids. A thread comes into the table, and leaves it before it is freed, with this held. Inside a
// futex bucket's lock. (Linux: the same name, and RCU.) abi/task/pid.cpp.
extern SpinLock tasklist_lock;

// The thread with this id, zombies included; nullptr: there is none. Valid as long as the caller holds tasklist_lock or
// the kernel lock. abi/task/pid.cpp.
Task* find_task_by_vpid(s32 pid);

// The CPU has left a task in state Dead for ever: frees it. In any task's context, without the kernel lock.
// abi/process/release.cpp.
void release_dead_task(Task& task);

// The CPU was idle and is about to run a task, whose CPU time is to be accounted. Interrupts on. abi/time/tick.cpp.
void start_tick();

// ---- signals ----

// Whether a signal that would be delivered (or a fatal one) is pending for current: it ends an interruptible sleep.
// abi/signal/pending.cpp.
bool signal_pending();

// Current did something that cannot go on: the signal is delivered before current returns to user mode, whether it is
// blocked or ignored (then by the default action, which kills). `address` is what the program finds in si_addr. Caller
// holds the kernel lock. (Linux: the same name.) abi/signal/send.cpp.
void force_sig_fault(s32 sig, s32 code, u32 address);

// Delivers what is pending to current, which is about to return to user mode with `regs`, and arranges the restart of an
// interrupted system call. Interrupts on; caller holds the kernel lock. (Linux: arch/arm/kernel/signal.c do_signal.)
// abi/signal/deliver.cpp.
void do_signal(PtRegs& regs);

// ---- system calls ----

using SyscallHandler = u32 (*)(PtRegs& regs); // returns what r0 shall be

inline constexpr u32 NR_SYSCALLS = 480; // one past the last number with a place in the table

extern const std::array<SyscallHandler, NR_SYSCALLS> syscall_table; // never nullptr. abi/syscall/table.cpp

// Every number outside the table: ARM's own calls, and those that do not exist. abi/syscall/private.cpp.
u32 private_syscall(PtRegs& regs);

// Nanoseconds of a program's struct timespec, in the two sizes that calls pass. FAULT; INVAL: negative, or a billion
// nanoseconds and more. A time that does not fit 64 bits is NO_DEADLINE. abi/kernel_upcalls.cpp.
Result<u64> get_timespec32(UserAddr from);
Result<u64> get_timespec64(UserAddr from);

} // namespace faultline
