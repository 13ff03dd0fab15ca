// Opening what a walk found.
#pragma once

#include "abi/fs/files_private.hpp"
#include "abi/fs/namei.hpp"

namespace faultline {

// An open file over an inode that exists: NXIO (no such device, FIFO without reader), ISDIR (a directory for
// writing), LOOP (a symbolic link), NOMEM, RESTARTSYS. Truncates with O_TRUNC. Caller holds no lock: a FIFO
// may block.
Result<FileRef> open_inode(Inode& inode, u32 flags);

// open(2) and unlink(2) from the kernel, on current's behalf.
Result<FileRef> kernel_open(std::string_view path, u32 flags, u32 mode = 0);
Result<void> kernel_unlink(std::string_view path);

// Whether some process's program is this file: then it may not be opened for writing (ETXTBSY). Only regular files that
// somebody may execute are looked for.
bool is_executed(Inode& inode);

// A new name in the directory of `found`, whose inode is empty: NOENT (the directory was removed), EXIST,
// PERM (a directory of procfs), ACCES, NOMEM. Caller holds tree_lock for writing.
Result<void> link_new(Found& found, Inode& inode);

} // namespace faultline
