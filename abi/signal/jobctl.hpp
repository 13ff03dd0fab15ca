// Process groups and sessions: who belongs together, and who is left alone (credentials(7), setpgid(2);
// Linux: kernel/exit.c, kernel/sys.c).
#pragma once

#include "abi/task/thread_group.hpp"

namespace faultline {

inline bool is_session_leader(const ThreadGroup& group) { return group.sid == group.pid; }

inline constexpr s32 NO_SESSION = -1;
s32 session_of_pgrp(s32 pgid); // NO_SESSION: there is no such group

// The kernel sends `sig` to every process of a group. From anywhere, interrupts included.
void kill_pgrp(s32 pgid, s32 sig);

// Whether no member of the group has a parent in another group of the same session: nobody is there who would
// continue it if it stopped.
bool is_orphaned_pgrp(s32 pgid);

// After `group` was given to process 1 because `father` died, or (nullptr) when `group` itself dies: if that
// leaves a process group orphaned in which somebody is stopped, it gets SIGHUP and SIGCONT. (Linux
// kill_orphaned_pgrp.)
void kill_orphaned_pgrp(ThreadGroup& group, const ThreadGroup* father);

} // namespace faultline
