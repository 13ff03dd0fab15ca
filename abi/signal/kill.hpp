// The system calls that send signals (kill(2), tgkill(2), rt_sigqueueinfo(2)), and the permission check for them.
#pragma once

#include "abi/signal/signal.hpp"
#include "base/result.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

// Whether current may send `sig` to `task`. SIGCONT is allowed to every process of the session. (kill(2); Linux
// check_kill_permission.) Caller holds the kernel lock.
bool may_signal(const Task& task, s32 sig);

// Whether `sig` is a signal, or 0. Signal 0 sends nothing and only checks for permission.
constexpr bool may_send(s32 sig) { return sig >= 0 && sig <= SIGNAL_COUNT; }

// System calls; abi/syscall/table.cpp states the rules for all of them. INVAL: no such signal, or an id that is not
// positive (except in kill). SRCH: no such process or thread. PERM: may_signal() is false, or `info` claims to come
// from kill() or the kernel. AGAIN: a real-time signal could not be queued. FAULT.
Result<u32> sys_kill(s32 pid, s32 sig);
Result<u32> sys_tkill(s32 tid, s32 sig);
Result<u32> sys_tgkill(s32 tgid, s32 tid, s32 sig);
Result<u32> sys_rt_sigqueueinfo(s32 pid, s32 sig, UserAddr info);
Result<u32> sys_rt_tgsigqueueinfo(s32 tgid, s32 tid, s32 sig, UserAddr info);

} // namespace faultline
