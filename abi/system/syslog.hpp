// The system call that reads the kernel's messages (syslog(2), klogctl(3)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System call; abi/syscall/table.cpp states the rules for all of them. All may read everything and ask for the size of
// the buffer, unless dmesg_restrict() is set; the rest needs CAP_SYSLOG or CAP_SYS_ADMIN (PERM). Returns bytes, or 0.
// INVAL: unknown `type`, bad `length` or no `buffer`; NOMEM, FAULT; RESTARTSYS: a signal ended the wait for a message.
Result<s32> sys_syslog(s32 type, UserAddr buffer, s32 length);

// /proc/sys/kernel/dmesg_restrict: whether all of it needs the capability. Called with the kernel lock.
bool dmesg_restrict();
void set_dmesg_restrict(bool on);

} // namespace faultline
