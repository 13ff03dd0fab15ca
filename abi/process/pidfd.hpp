// Descriptors that refer to processes (pidfd_open(2)). Unlike a pid, a pidfd keeps its meaning when the pid is reused.
// pidfd_notify() is in abi/signal/upcalls.hpp.
#pragma once

#include "abi/fs/file.hpp"
#include "base/result.hpp"

namespace faultline {

struct ThreadGroup;

void init_pidfd(); // at boot, before the first process

// Returns a new file, with one reference, for the process `pid`, which must exist. NOMEM. Caller holds the kernel lock.
Result<File*> pidfd_new(s32 pid);

// The process of current's pidfd `fd`. Sets `*nonblocking`, if given, to whether the file has O_NONBLOCK. BADF: `fd` is
// not a pidfd. SRCH: the parent has waited for the process. Caller holds the kernel lock.
Result<ThreadGroup*> pidfd_process(s32 fd, bool* nonblocking = nullptr);

// System calls; abi/syscall/table.cpp states the rules for all of them. INVAL: unknown flags, or a bad pid, signal or
// `info`. SRCH: no such process. BADF: not a pidfd, or no such descriptor in the process. PERM: may_signal() or
// ptrace_may_access() is false, or `info` claims to come from kill() or the kernel. MFILE, NOMEM, FAULT; AGAIN: a
// real-time signal could not be queued.
Result<s32> sys_pidfd_open(s32 pid, u32 flags);
Result<u32> sys_pidfd_send_signal(s32 fd, s32 sig, UserAddr info, u32 flags);
Result<s32> sys_pidfd_getfd(s32 pidfd, s32 target, u32 flags);

} // namespace faultline
