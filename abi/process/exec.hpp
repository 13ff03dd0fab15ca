// Replaces the program of a process (execve(2)).
#pragma once

#include "abi/fs/file.hpp"
#include "abi/process/exec_args.hpp"
#include "base/result.hpp"

namespace faultline {

struct PtRegs;

// Replaces current's program and sets current's user registers for its start. `path` names the program for scripts and
// for /proc/PID/comm. `program` is the file if the caller has opened it already, and `closes` says that its descriptor
// will be closed, so that the interpreter of a script could not open it. `arguments` may be changed: a script adds its
// interpreter. These errors leave the old program as it was: errors of opening `path`; NOEXEC, LIBBAD, IO, LOOP: not a
// program or script (abi/process/elf.hpp, script.hpp); TOOBIG, NOMEM; INTR: the process is exiting, or another thread
// is in execve. With any other error, current has a SIGSEGV that ends the process. May sleep; caller holds the kernel
// lock. (Linux: the same name.)
Result<void> do_execve(const char* path, ExecArgs& arguments, FileRef program = {}, bool closes = false);

// RLIMIT_STACK of current, in bytes, for ExecArgs.
u64 stack_rlimit();

// System calls; abi/syscall/table.cpp states the rules for all of them. Return the new program's r0, or −errno with the
// errors of do_execve(). sys_execveat: INVAL: unknown flags; BADF.
u32 sys_execve(PtRegs& regs, UserAddr path, UserAddr argv, UserAddr envp);
u32 sys_execveat(PtRegs& regs, s32 dirfd, UserAddr path, UserAddr argv, UserAddr envp, u32 flags);

} // namespace faultline
