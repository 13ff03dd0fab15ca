// Ends threads and processes (exit(2), exit_group(2)). do_group_exit() is in abi/signal/upcalls.hpp.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct Task; // kernel/sched/task.hpp

// Ends current. `code` as wait(2) encodes it: status << 8, or a signal. Caller holds the kernel lock. (Linux: the same
// name.)
[[noreturn]] void do_exit(s32 code);

// Releases what other tasks wait for in the address space that `task`, which is current, leaves by exit or execve:
// robust futexes, PI futexes, clear_child_tid, and a parent in vfork(2). May sleep; caller holds the kernel lock.
// (Linux: kernel/fork.c mm_release.)
void mm_release(Task& task);

// System calls; abi/syscall/table.cpp states the rules for all of them. They do not return. `status`: its low 8 bits
// count.
u32 sys_exit(s32 status);
u32 sys_exit_group(s32 status);

} // namespace faultline
