// The calls that make tasks (fork(2), vfork(2), clone(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<s32> sys_fork();
Result<s32> sys_vfork();
Result<s32> sys_clone(u32 flags, UserAddr stack, UserAddr parent_tid, u32 tls, UserAddr child_tid);
Result<s32> sys_clone3(UserAddr arguments, u32 size);
s32 sys_set_tid_address(UserAddr address);

} // namespace faultline
