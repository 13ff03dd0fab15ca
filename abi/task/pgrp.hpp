// Process groups and sessions: which processes belong together (credentials(7), setpgid(2), setsid(2)).
#pragma once

#include "abi/task/thread_group.hpp"
#include "base/result.hpp"

namespace faultline {

inline bool is_session_leader(const ThreadGroup& group) { return group.sid == group.pid; }

inline constexpr s32 NO_SESSION = -1;
s32 session_of_pgrp(s32 pgid); // NO_SESSION: there is no such group

// System calls.
Result<s32> sys_getpgid(s32 pid);
s32 sys_getpgrp();
Result<u32> sys_setpgid(s32 pid, s32 pgid);
Result<s32> sys_getsid(s32 pid);
Result<s32> sys_setsid();

} // namespace faultline
