// Permission to read or change another process (ptrace(2), Ptrace access mode checking).
#pragma once

namespace faultline {

struct Task; // kernel/sched/task.hpp

// Whether current may read or change `task`: the task belongs to current's process, or it is dumpable and all its ids
// are current's real ids, or current has CAP_SYS_PTRACE. Caller holds the kernel lock.
bool may_access(const Task& task);

} // namespace faultline
