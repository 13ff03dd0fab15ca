// The system calls that read and change user ids and group ids (getuid(2), setuid(2), setresuid(2), setfsuid(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. An id of −1 leaves that id as it is, except in
// setuid and setgid, where it is INVAL. PERM: the id is not one of the caller's, and it lacks CAP_SETUID or CAP_SETGID.
// NOMEM.
u32 sys_getuid16(); // an id that does not fit into 16 bits is 65534
u32 sys_geteuid16();
u32 sys_getgid16();
u32 sys_getegid16();
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
// FAULT.
Result<u32> sys_getresuid(UserAddr real, UserAddr effective, UserAddr saved);
Result<u32> sys_getresgid(UserAddr real, UserAddr effective, UserAddr saved);
// Return the previous id; they report no error.
u32 sys_setfsuid(u32 id);
u32 sys_setfsgid(u32 id);

} // namespace faultline
