// swapon(2), swapoff(2), and what /proc/swaps tells. (Linux: mm/swapfile.c.)
#pragma once

#include "abi/fs/seq_file.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/result.hpp"

namespace faultline {

void init_swapon(); // once, at boot

// Errors as swapon(2). A swap area is a disk: a file of a tmpfs has no place of its own on one (INVAL, as on Linux).
Result<void> sys_swapon(UserAddr path, u32 flags);
Result<void> sys_swapoff(UserAddr path);

// A line for each area; `show_swaps` is /proc/swaps.
struct Inode;
Result<void> show_swaps(const Inode& inode, SeqFile& out);

} // namespace faultline
