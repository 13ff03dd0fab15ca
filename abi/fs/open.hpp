// Opening files: for programs (open(2)), for the kernel, and to execute them.
#pragma once

#include "abi/fs/file.hpp"
#include "abi/fs/namei.hpp"

namespace faultline {

// Opens an inode that exists, without a check of permissions. `flags` are those of open(2); O_TRUNC truncates. NXIO: no
// such device, or a FIFO without a reader; ISDIR: a directory for writing; LOOP: a symbolic link; TXTBSY: a running
// program for writing; INVAL: O_DIRECT; NOMEM, RESTARTSYS. Caller holds no lock but the kernel lock, because a FIFO may
// block.
Result<FileRef> open_inode(Inode& inode, u32 flags);

// open(2) for the kernel, on current's behalf and with its permissions. Errors as open(2).
Result<FileRef> kernel_open(std::string_view path, u32 flags, u32 mode = 0);

// Opens a program for execve(2) or execveat(2), with a reference. `flags`: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. ACCES:
// not a regular file, or not executable for current; TXTBSY: open for writing; the errors of walk_path(). Until the
// file is closed, opening it for writing is TXTBSY.
Result<File*> open_exec(const char* path);
Result<File*> open_exec_at(s32 dirfd, UserAddr path, u32 flags);

// Gives `inode` the new name at which a walk ended: `found`, whose inode is empty. EXIST: it is not empty, or not a
// name; NOENT: the directory was removed; PERM: a directory of procfs; ACCES, NOMEM. Caller holds tree_lock for
// writing.
Result<void> link_new(Found& found, Inode& inode);

// System calls (contract: abi/syscall/table.cpp). Return the lowest free descriptor. Errors as open_inode() and
// walk_path(); EXIST, ACCES, PERM, NOTDIR, INVAL, OPNOTSUPP (O_TMPFILE in procfs), MFILE.
Result<u32> sys_open(UserAddr path, u32 flags, u32 mode);
Result<u32> sys_openat(s32 dirfd, UserAddr path, u32 flags, u32 mode);
Result<u32> sys_creat(UserAddr path, u32 mode);

} // namespace faultline
