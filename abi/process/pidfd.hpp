// Descriptors that stand for processes (pidfd_open(2)). Unlike a number, such a descriptor never comes to mean
// another process.
#pragma once

#include "abi/fs/file.hpp"
#include "base/result.hpp"

namespace faultline {

struct ThreadGroup;

// A file for the process `pid`, which exists. NOMEM.
Result<File*> pidfd_new(s32 pid);

// The process behind current's descriptor `fd`. BADF: it is no such descriptor; SRCH: the process has been
// waited for. `nonblocking`, if given, becomes what O_NONBLOCK says.
Result<ThreadGroup*> pidfd_process(s32 fd, bool* nonblocking = nullptr);

// System calls.
Result<s32> sys_pidfd_open(s32 pid, u32 flags);
Result<u32> sys_pidfd_send_signal(s32 fd, s32 sig, UserAddr info, u32 flags);
Result<s32> sys_pidfd_getfd(s32 pidfd, s32 target, u32 flags);

} // namespace faultline
