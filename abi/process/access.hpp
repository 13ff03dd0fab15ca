// Who may look into another process (ptrace(2), Ptrace access mode checking).
#pragma once

namespace faultline {

struct Task; // kernel/sched/task.hpp

// Whether current may look into `task`, or change it, by its real ids.
bool may_access(const Task& task);

} // namespace faultline
