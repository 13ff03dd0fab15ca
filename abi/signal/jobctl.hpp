// Signals to process groups, and groups that no process is left to control (setpgid(2); Linux: kernel/exit.c,
// kernel/sys.c).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

// The kernel sends `sig` to every process of a group. From anywhere, interrupts included.
void kill_pgrp(s32 pgid, s32 sig);

// Whether no member of the group has a parent in another group of the same session: no process is there that would
// continue it if it stopped.
bool is_orphaned_pgrp(s32 pgid);

// After `group` was given to process 1 because `father` died, or (nullptr) when `group` itself dies: if that
// leaves a process group orphaned in which a process is stopped, it gets SIGHUP and SIGCONT. (Linux
// kill_orphaned_pgrp.)
void kill_orphaned_pgrp(ThreadGroup& group, const ThreadGroup* father);

} // namespace faultline
