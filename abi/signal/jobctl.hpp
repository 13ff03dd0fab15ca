// Signals to process groups, and orphaned process groups (setpgid(2); Linux kernel/exit.c, kernel/signal.c).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

// Sends `sig` from the kernel to every process of a group. Callable from anywhere, interrupt handlers included.
void kill_pgrp(s32 pgid, s32 sig);

// Whether no member of the group has a parent in another group of the same session. Then no process is left to continue
// the group if it stops. Caller holds the kernel lock.
bool is_orphaned_pgrp(s32 pgid);

// Sends SIGHUP and SIGCONT to the process group of `group` if the group has become orphaned and has a stopped process.
// Called when `father` has died and `group` has a new parent, or, with `father` nullptr, when `group` itself exits.
// Caller holds the kernel lock. (Linux: the same name.)
void kill_orphaned_pgrp(ThreadGroup& group, const ThreadGroup* father);

} // namespace faultline
