// Makes a task that shares with current, or copies from it, what its flags say (clone(2)).
#pragma once

#include "base/result.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

struct CloneArguments {
    u64 flags = 0;       // CLONE_*
    s32 exit_signal = 0; // sent to the parent when the child dies, if it is a valid signal
    UserAddr stack;      // the child's stack pointer; null: the same as the parent's
    UserAddr parent_tid; // CLONE_PARENT_SETTID
    UserAddr child_tid;  // CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID
    UserAddr pidfd;      // CLONE_PIDFD
    u32 tls = 0;         // CLONE_SETTLS
    s32 pid = 0;         // the child's id (clone3(2), set_tid); 0: any
};

// Makes a child of current, which returns 0 from the same system call. Returns the child's thread id; with CLONE_VFORK
// only after the child has left the address space. INVAL: flags that are not supported or exclude each other. AGAIN: no
// free id, RLIMIT_NPROC, or max_threads. EXIST: the wanted id is in use. NOMEM; RESTARTNOINTR, INTR: a signal is pending. With
// CLONE_PIDFD also MFILE and FAULT. May sleep; caller holds the kernel lock. (Linux: the same name.)
Result<s32> kernel_clone(const CloneArguments& arguments);

} // namespace faultline
