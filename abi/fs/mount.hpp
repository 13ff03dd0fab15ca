// Trees on top of directories (mount(2)): procfs, and tmpfs wherever a program asks for one.
#pragma once

#include <string_view>

#include "abi/fs/inode.hpp"

namespace faultline {

class SeqFile;

// Covers `target` by the tree of `root`. Both keep the references they need. `type` outlives the mount. BUSY:
// something is mounted there, or `root` elsewhere; NOMEM. Caller holds tree_lock for writing, or is alone
// (boot).
Result<void> mount_root(Inode& target, Inode& root, std::string_view source, const char* type);

// Which file system an inode belongs to, as st_dev says it: 1 for the root's, another for each mount, and one
// for what never had a name in the tree. Caller holds tree_lock.
u32 device_of(const Inode& inode);

// /proc/mounts: a line per mount.
Result<void> show_mounts(const Inode& inode, SeqFile& out);

// System calls.
Result<u32> sys_mount(UserAddr source, UserAddr target, UserAddr type, u32 flags, UserAddr data);
Result<u32> sys_umount2(UserAddr target, u32 flags);

} // namespace faultline
