// Process groups and sessions (credentials(7), setpgid(2), setsid(2)).
#pragma once

#include "abi/task/thread_group.hpp"
#include "base/result.hpp"

namespace faultline {

inline bool is_session_leader(const ThreadGroup& group) { return group.sid == group.pid; }

inline constexpr s32 NO_SESSION = -1;
// The session id of the process group `pgid`, or NO_SESSION if no process is in that group. Caller holds the kernel
// lock.
s32 session_of_pgrp(s32 pgid);

// System calls; abi/syscall/table.cpp states the rules for all of them. A pid of 0 is the caller.
Result<s32> sys_getpgid(s32 pid); // SRCH
s32 sys_getpgrp();
// INVAL: pgid < 0, or pid is a thread but not a process. SRCH: pid is neither the caller nor its child. PERM: a session
// leader, a child in another session, or no such group in this session. ACCES: a child that has called execve.
Result<u32> sys_setpgid(s32 pid, s32 pgid);
Result<s32> sys_getsid(s32 pid); // SRCH
Result<s32> sys_setsid();        // the new session's id. PERM: the caller already leads a session or a group

} // namespace faultline
