// The system call that checks whether two processes share a kernel object (kcmp(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them.
// 0: the same; 1, 2: different. SRCH: no such thread. PERM: ptrace_may_access() is false. BADF: no such descriptor.
// INVAL: no such `type`.
Result<u32> sys_kcmp(s32 pid1, s32 pid2, u32 type, u32 index1, u32 index2);

} // namespace faultline
