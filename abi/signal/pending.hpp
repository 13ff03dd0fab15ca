// The pending signals of a thread (sigpending(2)).
#pragma once

#include "abi/signal/signal.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

// Sets task.sigpending to whether the task has a signal to deliver or a stop to join. Call it after the task's mask or
// pending set has changed. (Linux: the same name.)
void recalc_sigpending(Task& task);

// Makes the other threads of the process check its pending signals. Call it when `task` has blocked more signals or
// begins to exit, because one of those signals may have woken only `task`. (Linux: retarget_shared_pending.)
void retarget_shared_pending(Task& task);

// Takes the lowest signal of `set` that is pending for current or its process, blocked or not. Returns signo 0 if there
// is none.
SigInfo take_signal(u64 set);

// System calls; abi/syscall/table.cpp states the rules for all of them.
Result<u32> sys_rt_sigpending(UserAddr set, u32 sigset_bytes); // INVAL: sigset_bytes > 8. FAULT
Result<u32> sys_sigpending(UserAddr set);                      // FAULT

} // namespace faultline
