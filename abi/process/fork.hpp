// Making a task: everything it shares with current or copies from it.
#pragma once

#include "base/result.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

struct CloneArguments {
    u64 flags = 0;       // CLONE_*
    s32 exit_signal = 0; // one that is no signal is not sent
    UserAddr stack;      // null: the parent's
    UserAddr parent_tid; // CLONE_PARENT_SETTID
    UserAddr child_tid;  // CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID
    UserAddr pidfd;      // CLONE_PIDFD
    u32 tls = 0;         // CLONE_SETTLS
    s32 pid = 0;         // the id it is to have (clone3(2), set_tid); 0: any
};

// Makes a child of current that returns 0 from the same system call. Returns its thread id; with CLONE_VFORK
// not before the child has left the address space. INVAL (flags that exclude each other), AGAIN (no pid), EXIST (that one),
// NOMEM. (Linux kernel_clone.)
Result<s32> kernel_clone(const CloneArguments& arguments);

} // namespace faultline
