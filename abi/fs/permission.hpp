// Permission checks on files (path_resolution(7), "Permissions"; Linux: inode_permission, fs/namei.c).
//
// Before process 1 is made, the kernel has no credentials, and it may do everything.
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

struct Cred;

enum Access : u32 { MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4 }; // as in a mode's three bits

// Whether `cred` may access the inode in all the ways of `wanted`: Access bits; 0 only asks whether it exists.
// Searching a directory needs MAY_EXEC. `cred` nullptr is the kernel. ACCES.
Result<void> inode_permission(const Cred* cred, const Inode& inode, u32 wanted);

// The same for current.
Result<void> inode_permission(const Inode& inode, u32 wanted);

// Whether current may add a name to the directory, or remove the name of `inode` from it. ACCES; PERM: the directory
// has the sticky bit, and current owns neither it nor the file and lacks CAP_FOWNER. Caller holds tree_lock. (Linux
// may_create, may_delete.)
Result<void> may_create(const Inode& directory);
Result<void> may_delete(const Inode& directory, const Inode& inode);

// Whether current owns the file or has CAP_FOWNER. (Linux inode_owner_or_capable.)
bool owner_or_capable(const Inode& inode);

// Gives a new inode the group of its directory if the directory has S_ISGID. A new directory gets S_ISGID too. A file
// that its group may execute loses S_ISGID, unless current is in that group or has CAP_FSETID. (Linux
// inode_init_owner.)
void inherit_group(Inode& inode, const Inode& directory);

// Removes the set-id bits from the mode of a regular file that is written, unless current has CAP_FSETID. (Linux
// should_remove_suid.)
void remove_set_ids(Inode& inode);

} // namespace faultline
