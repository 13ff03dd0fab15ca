// The system call that reports memory, load and tasks in one structure (sysinfo(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them.
Result<u32> sys_sysinfo(UserAddr buffer); // FAULT

} // namespace faultline
