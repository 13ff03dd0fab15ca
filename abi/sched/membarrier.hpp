// The system call that asks for a memory barrier on all CPUs (membarrier(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. INVAL: no such command, or flags. PERM: the
// process has not registered for the command. `cpu` is not used.
Result<u32> sys_membarrier(s32 command, u32 flags, s32 cpu);

} // namespace faultline
