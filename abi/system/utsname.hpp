// What the system calls itself: uname(2), /proc/version, /proc/sys/kernel.
#pragma once

#include <linux/utsname.h>

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// What programs need to know is which Linux this behaves like.
inline constexpr new_utsname SYSTEM_NAME = {"Linux", "faultline", "6.1.0", "#1 faultline", "armv7l", "(none)"};

// As it is now: sethostname(2), setdomainname(2).
const new_utsname& system_name();

// System calls.
Result<u32> sys_uname(UserAddr buffer);
Result<u32> sys_sethostname(UserAddr name, s32 length);
Result<u32> sys_setdomainname(UserAddr name, s32 length);

} // namespace faultline
