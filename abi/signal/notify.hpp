// What a parent hears of its children: SIGCHLD, and a wake-up if it sits in wait(2).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

// Tells `group`'s parent about a child that died, stopped or went on: SIGCHLD (or the child's exit_signal)
// and a wake-up of wait(2).
bool do_notify_parent(ThreadGroup& group, s32 sig); // true: nobody will wait for it
void do_notify_parent_cldstop(ThreadGroup& group, s32 code, s32 status);

// If a stop is under way and every thread that still lives has stopped, it is complete, and the parent hears
// of it. After a thread stopped or began to exit.
void complete_group_stop(ThreadGroup& group);

} // namespace faultline
