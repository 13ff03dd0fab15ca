// The system calls that read and change capabilities (capget(2)). capable() in cred.hpp checks for one.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them.
Result<u32> sys_capget(UserAddr header, UserAddr data); // INVAL: an unknown version, or a pid < 0. SRCH; FAULT
// INVAL: an unknown version. PERM: another thread's, or more than it may have. NOMEM, FAULT.
Result<u32> sys_capset(UserAddr header, UserAddr data);

} // namespace faultline
