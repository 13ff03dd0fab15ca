// Asking for and changing user ids and group ids (getuid(2), setuid(2) and their kin).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
u32 sys_getuid();
u32 sys_geteuid();
u32 sys_getgid();
u32 sys_getegid();
Result<u32> sys_setuid(u32 id);
Result<u32> sys_setgid(u32 id);
Result<u32> sys_setreuid(u32 real, u32 effective);
Result<u32> sys_setregid(u32 real, u32 effective);
Result<u32> sys_setresuid(u32 real, u32 effective, u32 saved);
Result<u32> sys_setresgid(u32 real, u32 effective, u32 saved);
Result<u32> sys_getresuid(UserAddr real, UserAddr effective, UserAddr saved);
Result<u32> sys_getresgid(UserAddr real, UserAddr effective, UserAddr saved);
u32 sys_setfsuid(u32 id);
u32 sys_setfsgid(u32 id);

} // namespace faultline
