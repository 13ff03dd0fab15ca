// Permission to read or change another process (ptrace(2), Ptrace access mode checking).
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

struct Task; // kernel/sched/task.hpp

// Which ids and capabilities of the caller count: those for files (/proc), or the real ones (system calls). Linux also
// tells reading (READ) from changing (ATTACH), which only its security modules ask for.
enum class PtraceMode : u8 { FsCreds, RealCreds };

// Whether current may read or change `task`. Yes, if the task belongs to current's process. Else current needs
// CAP_SYS_PTRACE, or all of this: all ids of the task are current's, the task is dumpable, and it has no capability
// that current lacks. Caller holds the kernel lock. (Linux 6.1 kernel/ptrace.c __ptrace_may_access,
// security/commoncap.c cap_ptrace_access_check.)
bool ptrace_may_access(const Task& task, PtraceMode mode);

// The address space of a task that current may access; nothing, if the task has none (a kernel task, a zombie). ACCES.
// Caller holds the kernel lock. (Linux kernel/fork.c mm_access.)
Result<MmRef> mm_access(const Task& task, PtraceMode mode);

} // namespace faultline
