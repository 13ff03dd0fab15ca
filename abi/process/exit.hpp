// The end of a thread, and of a process (exit(2), exit_group(2)). do_group_exit() is in abi/signal/upcalls.hpp.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct Task; // kernel/sched/task.hpp

// Ends current. `code` as wait(2) encodes it: status << 8, or a signal. (Linux do_exit.)
[[noreturn]] void do_exit(s32 code);

// Gives back what another waits for in the address space that current is about to leave, by exit or execve:
// robust list, PI locks, clear_child_tid, a vfork parent. (Linux mm_release.)
void mm_release(Task& task);

// System calls.
u32 sys_exit(s32 status);
u32 sys_exit_group(s32 status);

} // namespace faultline
