// System V semaphores (semget(2), semop(2), semctl(2)): sets of counters that a list of operations changes as a
// whole or not at all, and that a process can have put back when it ends.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct Task;

void init_sem(); // at boot, once

// Caller: current, with no lock held. Errors as the man pages say.
Result<s32> sys_semget(s32 key, s32 count, u32 flags);
Result<s32> sys_semctl(s32 id, s32 number, s32 command, u32 argument);
Result<u32> sys_semop(s32 id, UserAddr operations, u32 count);
Result<u32> sys_semtimedop(s32 id, UserAddr operations, u32 count, UserAddr timeout);
Result<u32> sys_semtimedop_time64(s32 id, UserAddr operations, u32 count, UserAddr timeout);

// What SEM_UNDO operations of a process have to be taken back when it ends. A new task shares its parent's
// record (CLONE_SYSVSEM: threads) or has none. NOMEM. (Linux: the same names.)
Result<void> copy_semundo(Task& child, u32 clone_flags);
void exit_sem(Task& task); // lets go of the record; the last to do so carries it out. May sleep.

} // namespace faultline
