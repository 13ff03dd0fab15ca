// The system calls that make tasks (fork(2), vfork(2), clone(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. Return the child's id; the child itself returns
// 0. Errors of kernel_clone() (abi/process/fork.hpp). sys_clone: also INVAL. sys_clone3: also INVAL, TOOBIG, BADF, PERM
// and FAULT for its structure.
Result<s32> sys_fork();
Result<s32> sys_vfork();
Result<s32> sys_clone(u32 flags, UserAddr stack, UserAddr parent_tid, u32 tls, UserAddr child_tid);
Result<s32> sys_clone3(UserAddr arguments, u32 size);
// Sets the address that is cleared and woken when the thread exits. Returns the thread's id (set_tid_address(2)).
s32 sys_set_tid_address(UserAddr address);

} // namespace faultline
