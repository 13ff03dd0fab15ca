// Locks on files, both kinds advisory: byte ranges that belong to a process or to an open file (fcntl(2), F_SETLK and
// F_OFD_SETLK), and whole files that belong to an open file (flock(2)). A lock of one kind never conflicts with one of
// the other. The kernel lock guards them: nothing here sleeps in the middle of a change. (Linux: fs/locks.c.)
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

struct FilesStruct;

void init_locks(); // at boot, before the first lock

// Whether a command of fcntl(2) is about range locks: F_GETLK, F_SETLK, F_SETLKW, their 64-bit forms, and those of open
// files.
bool is_lock_command(u32 command);

// Carries out such a command. `lock` points to a struct flock or flock64. BADF: the file is not open for reading or
// writing as the lock needs it, or current's descriptor `fd` is no longer this file; AGAIN: another process holds a
// conflicting lock; DEADLK: that process waits for current; NOLCK: no memory, or
// more than the user's share of it (abi/cred/user.hpp); RESTARTSYS: a signal ended
// F_SETLKW; INVAL, OVERFLOWED, FAULT: bad arguments. F_SETLKW may sleep.
Result<u32> fcntl_lock(File& file, s32 fd, u32 command, UserAddr lock);

// Drops all range locks of a process on a file. May sleep. Called when it closes any descriptor of the file, as POSIX requires.
void locks_remove_posix(Inode& inode, const FilesStruct& owner);
void locks_remove_flock(File& file); // drops the locks of an open file when its last reference goes away

// System calls (contract: abi/syscall/table.cpp). `operation`: LOCK_SH, LOCK_EX or LOCK_UN, and LOCK_NB. INVAL, BADF,
// NOMEM; AGAIN: LOCK_NB, and the lock is taken; RESTARTSYS.
Result<u32> sys_flock(s32 fd, u32 operation);

} // namespace faultline
