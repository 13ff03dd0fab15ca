// What the rest of kernel/ (scheduler, futexes, traps, dispatch) calls in abi/. The linker finds these functions; there
// is no other way up. Host tests do not compile abi/, so their harnesses define what they need.
#pragma once

#include <array>

#include "base/result.hpp"
#include "base/spinlock.hpp"
#include "base/types.hpp"

namespace faultline {

enum class BadAccess : u8; // mm/fault.hpp
struct FaultInfo;          // arch/contract/fault_info.hpp
struct PtRegs;             // <arch/ptrace.hpp>
struct Task;               // kernel/sched/task.hpp

// ---- tasks ----

// Guards the table of thread ids. It is held when a thread is added, and when a thread is removed, which happens before
// the thread is freed. Taken inside a futex bucket's lock. (Linux: the same name, and RCU.) abi/task/pid.cpp.
extern SpinLock tasklist_lock;

// The thread with this id, zombies included; nullptr: there is none. The pointer is valid while the caller holds
// tasklist_lock or the kernel lock. abi/task/pid.cpp.
Task* find_task_by_vpid(s32 pid);

// Whether current may read the state of another thread that ptrace(2) guards (PTRACE_MODE_READ_REALCREDS). Caller holds
// tasklist_lock and the kernel lock. abi/process/access.cpp.
bool ptrace_may_read(const Task& task);

// Frees a task in state Dead, after the CPU has left it. Runs in the context of any task, without the kernel lock.
// abi/process/release.cpp.
void release_dead_task(Task& task);

// Starts the accounting of CPU time on this CPU, which was idle and is about to run a task. Interrupts on.
// abi/time/tick.cpp.
void start_tick();

// There was no page for current's access to user memory. Returns when it is worth making again. If current is to die, an access
// of the kernel's continues at its fixup, and one of the program's comes to nothing. Interrupts on, no spin lock and no mmap
// lock held; sleeps. abi/memory/oom_kill.cpp. (Linux: the same name.)
void pagefault_out_of_memory(PtRegs& regs, FaultInfo fault);

// ---- signals ----

// Whether current has a pending signal that would be delivered, or a fatal one. Such a signal ends an interruptible
// sleep. abi/signal/pending.cpp.
bool signal_pending();

// Sends current the signal for an access that it cannot make, for a debug event (BKPT), or for an undefined instruction
// or a breakpoint at `pc`. It is delivered before current returns to user mode. Interrupts on, no lock held.
// abi/signal/fault.cpp.
void signal_bad_access(BadAccess reason, FaultInfo fault);
void signal_debug_event(FaultInfo fault);
void signal_undefined(u32 pc, bool breakpoint);

// Delivers the pending signals of current, which is about to return to user mode with `regs`, and sets up the restart
// of an interrupted system call. Interrupts on; caller holds the kernel lock. (Linux: arch/arm/kernel/signal.c
// do_signal.) abi/signal/deliver.cpp.
void do_signal(PtRegs& regs);

// ---- system calls ----

using SyscallHandler = u32 (*)(PtRegs& regs); // returns the new value of r0

inline constexpr u32 NR_SYSCALLS = 480; // one past the last number with a place in the table

// Has no nullptr. The last one is private_syscall, for all numbers from NR_SYSCALLS on. abi/syscall/table.cpp
extern const std::array<SyscallHandler, NR_SYSCALLS + 1> syscall_table;

// Serves every number outside the table: ARM's own calls, and numbers that do not exist. abi/syscall/private.cpp.
u32 private_syscall(PtRegs& regs);

// Read a struct timespec of the program, in the two sizes that calls use. Return nanoseconds; NO_DEADLINE for a time
// that does not fit into 64 bits. FAULT; INVAL: negative, or 10^9 nanoseconds or more. abi/kernel_upcalls.cpp.
Result<u64> get_timespec32(UserAddr from);
Result<u64> get_timespec64(UserAddr from);

} // namespace faultline
