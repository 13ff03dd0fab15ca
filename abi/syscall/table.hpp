// Which function serves which system call.
#pragma once

#include "abi/syscall/adapt.hpp"

namespace faultline {

inline constexpr u32 NR_SYSCALLS = 480; // one past the last number with a place in the table

extern const std::array<SyscallHandler, NR_SYSCALLS> syscall_table; // never nullptr

// Serves every number without a function: ENOSYS, and a line in the kernel's messages the first time.
u32 sys_unknown(PtRegs& regs);

} // namespace faultline
