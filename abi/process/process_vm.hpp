// The system calls about another process's memory (process_vm_readv(2), process_madvise(2), process_mrelease(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. The first three return how many bytes were
// done; an error after that is not reported. INVAL: flags, a bad list, advice that is not allowed, or
// (process_mrelease) a process that is not being killed. SRCH: no such process, or it has no memory any more. BADF: not
// a pidfd. PERM: ptrace_may_access() is false, or (process_madvise) the caller lacks CAP_SYS_NICE. FAULT, NOMEM.
Result<u32> sys_process_vm_readv(s32 pid, UserAddr local, u32 local_count, UserAddr remote, u32 remote_count,
                                 u32 flags);
Result<u32> sys_process_vm_writev(s32 pid, UserAddr local, u32 local_count, UserAddr remote, u32 remote_count,
                                  u32 flags);
Result<u32> sys_process_madvise(s32 pidfd, UserAddr list, u32 count, u32 advice, u32 flags);
Result<u32> sys_process_mrelease(s32 pidfd, u32 flags);

} // namespace faultline
