// Files that stand for something that is no file: signalfd(2), pidfd_open(2).
#pragma once

#include <string_view>

#include "abi/fs/files_private.hpp"

namespace faultline {

// An open file without a place in the tree, which /proc shows as "anon_inode:NAME" (`name` has both parts). NOMEM: then
// `private_data` is still the caller's. (Linux: the same name.)
Result<FileRef> anon_inode_getfile(std::string_view name, const FileOps& ops, void* private_data, u32 flags);

} // namespace faultline
