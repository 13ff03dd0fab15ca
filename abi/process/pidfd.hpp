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

} // namespace faultline
