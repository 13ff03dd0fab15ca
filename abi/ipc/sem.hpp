// System V semaphores (semget(2), semop(2), semctl(2)): sets of counters. A list of operations changes a set as a whole
// or not at all. A process can have its changes undone when it ends.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct Task;

void init_sem(); // at boot, once

// System calls (contract: abi/syscall/table.cpp). `operations`: `count` structs sembuf. `timeout`: a time span, with
// 32-bit or 64-bit fields; null: none. Errors as the man pages say.
Result<s32> sys_semget(s32 key, s32 count, u32 flags);
Result<s32> sys_semctl(s32 id, s32 number, s32 command, u32 argument);
Result<u32> sys_semop(s32 id, UserAddr operations, u32 count);
Result<u32> sys_semtimedop(s32 id, UserAddr operations, u32 count, UserAddr timeout);
Result<u32> sys_semtimedop_time64(s32 id, UserAddr operations, u32 count, UserAddr timeout);

// For the record of SEM_UNDO operations, which are undone when a process ends. With CLONE_SYSVSEM (threads), a new task
// shares its parent's record; else it has none. NOMEM. (Linux: the same names.)
Result<void> copy_semundo(Task& child, u32 clone_flags);
void exit_sem(Task& task); // drops the record; the last task to do so undoes the operations. May sleep

} // namespace faultline
