// The names of the system: uname(2), /proc/version, /proc/sys/kernel.
#pragma once

#include <linux/utsname.h>

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// The names at boot. The release is the version of Linux whose behaviour this kernel follows, because programs test it.
inline constexpr new_utsname SYSTEM_NAME = {"Linux", "faultline", "6.1.0", "#1 faultline", "armv7l", "(none)"};

// The present names. sethostname(2) and setdomainname(2) change them, under the kernel lock.
const new_utsname& system_name();

// System calls; abi/syscall/table.cpp states the rules for all of them. `length`: 0 … 64 bytes. FAULT. Setting a name:
// PERM: the caller lacks CAP_SYS_ADMIN; INVAL: a bad length.
Result<u32> sys_uname(UserAddr buffer);
Result<u32> sys_sethostname(UserAddr name, s32 length);
Result<u32> sys_setdomainname(UserAddr name, s32 length);

} // namespace faultline
