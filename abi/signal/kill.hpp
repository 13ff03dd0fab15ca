// Signals that programs send (kill(2), tgkill(2), rt_sigqueueinfo(2)), and who may send them.
#pragma once

#include "abi/signal/signal.hpp"
#include "base/result.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

// Whether current may send a signal to `task`, or look into its affairs (kill(2), Notes). SIGCONT goes to the whole session.
bool may_signal(const Task& task, s32 sig);

// Whether `sig` is a signal that can be sent, or 0, which sends nothing and only asks whether one could.
constexpr bool may_send(s32 sig) { return sig >= 0 && sig <= SIGNAL_COUNT; }

// System calls.
Result<u32> sys_kill(s32 pid, s32 sig);
Result<u32> sys_tkill(s32 tid, s32 sig);
Result<u32> sys_tgkill(s32 tgid, s32 tid, s32 sig);
Result<u32> sys_rt_sigqueueinfo(s32 pid, s32 sig, UserAddr info);
Result<u32> sys_rt_tgsigqueueinfo(s32 tgid, s32 tid, s32 sig, UserAddr info);

} // namespace faultline
