// Locks on files: byte ranges that belong to a process (fcntl(2), F_SETLK), and whole files that belong to an
// open file (flock(2)). The two kinds do not see each other. All advisory. (Linux: fs/locks.c.)
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

struct FilesStruct;

void init_locks(); // at boot, before the first

// fcntl's commands about range locks; anything else is INVAL. BADF: the file is not open for what is asked;
// AGAIN: another process has it; DEADLK: its owner waits for current; NOLCK is never returned: NOMEM. RESTARTSYS:
// F_SETLKW was interrupted.
bool is_lock_command(u32 command);
Result<u32> fcntl_lock(File& file, u32 command, UserAddr lock);

// A process closes a descriptor of the file: all its range locks on it are gone, as POSIX wants it.
void locks_remove_posix(Inode& inode, const FilesStruct& owner);
void locks_remove_flock(File& file); // the last reference is going

// System calls.
Result<u32> sys_flock(s32 fd, u32 operation);

} // namespace faultline
