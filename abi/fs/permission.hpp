// Who may do what with a file (path_resolution(7), "Permissions"; Linux: inode_permission, fs/namei.c).
//
// The kernel itself, which has no credentials before process 1 is made, may do everything.
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

struct Cred;

enum Access : u32 { MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4 }; // as in a mode's three bits

// Whether `cred` may access the inode in all the ways of `wanted` (Access bits; 0: it is enough that it exists). ACCES.
// To search a directory is to execute it. `cred` nullptr: the kernel.
Result<void> inode_permission(const Cred* cred, const Inode& inode, u32 wanted);

// The same for current.
Result<void> inode_permission(const Inode& inode, u32 wanted);

// Whether current may give the directory a new name, or take this one away from it: ACCES; PERM (another's file in a
// directory with the sticky bit). Caller holds tree_lock. (Linux may_create, may_delete.)
Result<void> may_create(const Inode& directory);
Result<void> may_delete(const Inode& directory, const Inode& inode);

// Whether current owns the file, or may act as if (CAP_FOWNER). (Linux inode_owner_or_capable.)
bool owner_or_capable(const Inode& inode);

// A new inode is current's (new_inode), but a directory with S_ISGID hands on its group, and to directories that habit.
// (Linux inode_init_owner.)
void inherit_group(Inode& inode, const Inode& directory);

// What writing to a file takes away from its mode: the set-id bits. (Linux should_remove_suid.)
void remove_set_ids(Inode& inode);

} // namespace faultline
