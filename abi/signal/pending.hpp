// What is pending for a thread: asking, taking, and the mark that makes it look (sigpending(2)).
#pragma once

#include "abi/signal/signal.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

// Whether a pending signal concerns `task` now; call after its mask or its pending set changed.
void recalc_sigpending(Task& task);

// A process's signal may have been given to `task`, which now blocks it, or exits: others are told to look.
void retarget_shared_pending(Task& task);

// The first signal of `set` that waits for current or its process, blocked or not, taken; signo 0: none does.
SigInfo take_signal(u64 set);

// System calls.
Result<u32> sys_rt_sigpending(UserAddr set, u32 sigset_bytes);
Result<u32> sys_sigpending(UserAddr set);

} // namespace faultline
