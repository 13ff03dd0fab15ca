// File systems mounted on directories (mount(2)): those that the kernel mounts itself, and tmpfs wherever a program
// asks for it.
#pragma once

#include <string_view>

#include "abi/fs/inode.hpp"

namespace faultline {

class SeqFile;

// Mounts the tree of `root` on `target`. The mount holds a reference to both. `type` must outlive it. BUSY: something
// is mounted on `target`, or `root` is mounted elsewhere; NOSPC: there are mount_max; NOMEM. Caller holds tree_lock for writing, or is the boot
// code.
Result<void> mount_root(Inode& target, Inode& root, std::string_view source, const char* type);

// The most file systems there may be, the root included: /proc/sys/fs/mount-max. (Linux: sysctl_mount_max.)
inline constinit Relaxed<u32> mount_max = 100000;

// The file system of an inode, as st_dev reports it: 1 for the root file system, 2 for inodes that never had a name in
// the tree, and a number for each mount. Caller holds tree_lock.
u32 device_of(const Inode& inode);

// Writes /proc/mounts: a line for each mount. NOMEM. Takes tree_lock.
Result<void> show_mounts(const Inode& inode, SeqFile& out);

// Writes /proc/PID/mountinfo. A mount's number is that of its file system. NOMEM. Takes tree_lock.
Result<void> show_mountinfo(const Inode& inode, SeqFile& out);

// System calls (contract: abi/syscall/table.cpp). PERM: no CAP_SYS_ADMIN. mount() takes no bind, move or propagation flags
// (INVAL), and MS_REMOUNT only of a tmpfs. NODEV: an unknown type; BUSY, NOTDIR, NOSPC, NOMEM. umount2(): INVAL: not a mount
// point; BUSY: in use without MNT_DETACH, mounts below it, or procfs.
Result<u32> sys_mount(UserAddr source, UserAddr target, UserAddr type, u32 flags, UserAddr data);
Result<u32> sys_umount2(UserAddr target, u32 flags);

} // namespace faultline
