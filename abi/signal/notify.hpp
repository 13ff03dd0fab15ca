// Notifies a parent of changes in its children: sends SIGCHLD and wakes it in wait(2).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

// Sends `sig`, the child's exit_signal, to the parent of the dead process `group`, and wakes the parent in wait(2).
// Returns true if the parent ignores SIGCHLD or has set SA_NOCLDWAIT: it will not wait, and the caller releases the
// child. Caller holds the kernel lock. (Linux: the same name.)
bool do_notify_parent(ThreadGroup& group, s32 sig);

// Sends SIGCHLD to the parent of a process that stopped or continued, unless the parent has set SA_NOCLDSTOP, and wakes
// the parent in wait(2). `code`: CLD_STOPPED or CLD_CONTINUED; `status`: the signal that caused it. Caller holds the
// kernel lock or siglock. (Linux: the same name.)
void do_notify_parent_cldstop(ThreadGroup& group, s32 code, s32 status);

// Completes a stop in progress if every thread that has not begun to exit has stopped, and notifies the parent. Called
// after a thread has stopped or begun to exit.
void complete_group_stop(ThreadGroup& group);

} // namespace faultline
