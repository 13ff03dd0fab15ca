// Directories as open files.
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

extern const FileOps directory_file_ops;

} // namespace faultline
