// The system call that sets the execution domain of a process (personality(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. Returns the previous value.
Result<u32> sys_personality(u32 persona);

} // namespace faultline
