// Open files that stand for something other than a file: signalfd(2), pidfd_open(2).
#pragma once

#include <string_view>

#include "abi/fs/files_private.hpp"

namespace faultline {

// Makes an open file without a place in the tree. `name` is all of what /proc/PID/fd shows, such as
// "anon_inode:[pidfd]". `flags`: O_ACCMODE and O_NONBLOCK. NOMEM: the caller still owns `private_data`. (Linux: the
// same name, fs/anon_inodes.c.)
Result<FileRef> anon_inode_getfile(std::string_view name, const FileOps& ops, void* private_data, u32 flags);

} // namespace faultline
