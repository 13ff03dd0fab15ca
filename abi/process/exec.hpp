// A new program for this process (execve(2)).
#pragma once

#include "abi/fs/file.hpp"
#include "abi/process/exec_args.hpp"
#include "base/result.hpp"

namespace faultline {

struct PtRegs;

// Replaces current's program. On success current's user registers are those of the new program's start.
// Errors leave the old program as it was: NOENT, ACCES, NOEXEC, TOOBIG, NOMEM, FAULT, INTR (another thread
// was first). Consumes nothing: `arguments` may be changed (a script's interpreter comes first).
// `program`: the file itself, if it was opened by a descriptor; `path` is then what scripts and
// /proc/PID/comm know it by.
Result<void> do_execve(const char* path, ExecArgs& arguments, FileRef program = {});

// System calls.
u32 sys_execve(PtRegs& regs, UserAddr path, UserAddr argv, UserAddr envp);
u32 sys_execveat(PtRegs& regs, s32 dirfd, UserAddr path, UserAddr argv, UserAddr envp, u32 flags);

} // namespace faultline
