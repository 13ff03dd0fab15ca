// What the system calls itself: uname(2), /proc/version, /proc/sys/kernel.
#pragma once

#include <linux/utsname.h>

namespace faultline {

// What programs need to know is which Linux this behaves like.
inline constexpr new_utsname SYSTEM_NAME = {"Linux", "faultline", "6.1.0", "#1 faultline", "armv7l", "(none)"};

// As it is now: sethostname(2), setdomainname(2). (syscalls_system.cpp)
const new_utsname& system_name();

} // namespace faultline
