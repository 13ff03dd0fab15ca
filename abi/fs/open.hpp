// Opening files: for programs (open(2)), for the kernel, to be executed.
#pragma once

#include "abi/fs/file.hpp"
#include "abi/fs/namei.hpp"

namespace faultline {

// An open file over an inode that exists: NXIO (no such device, FIFO without reader), ISDIR (a directory for
// writing), LOOP (a symbolic link), NOMEM, RESTARTSYS. Truncates with O_TRUNC. Caller holds no lock: a FIFO
// may block.
Result<FileRef> open_inode(Inode& inode, u32 flags);

// open(2) from the kernel, on current's behalf.
Result<FileRef> kernel_open(std::string_view path, u32 flags, u32 mode = 0);

// Opens a program for execve(2) or execveat(2), with a reference. NOENT, NOTDIR, ACCES, ISDIR … `flags`: AT_EMPTY_PATH,
// AT_SYMLINK_NOFOLLOW.
Result<File*> open_exec(const char* path);
Result<File*> open_exec_at(s32 dirfd, UserAddr path, u32 flags);

// Whether some process's program is this file: then it may not be opened for writing (ETXTBSY). Only regular files that
// some user may execute are looked for.
bool is_executed(Inode& inode);

// A new name in the directory of `found`, whose inode is empty: NOENT (the directory was removed), EXIST,
// PERM (a directory of procfs), ACCES, NOMEM. Caller holds tree_lock for writing.
Result<void> link_new(Found& found, Inode& inode);

// System calls.
Result<u32> sys_open(UserAddr path, u32 flags, u32 mode);
Result<u32> sys_openat(s32 dirfd, UserAddr path, u32 flags, u32 mode);
Result<u32> sys_creat(UserAddr path, u32 mode);

} // namespace faultline
