// The system calls about supplementary groups (getgroups(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. `size` counts ids of 32 bits.
Result<u32> sys_getgroups(s32 size, UserAddr list); // how many there are; size 0 only asks. INVAL: too small. FAULT
Result<u32> sys_setgroups(s32 size, UserAddr list); // PERM; INVAL: more than GROUPS_MAX; NOMEM; FAULT

} // namespace faultline
