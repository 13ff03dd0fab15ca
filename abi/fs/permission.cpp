// The nine permission bits, the sticky bit, and the capabilities that override them.
#include "abi/fs/permission.hpp"

#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/inode.hpp"

namespace faultline {

namespace {

constexpr u32 ANY_EXECUTE = 0111;

bool has(const Cred& cred, u32 capability) { return (cred.cap_effective >> capability & 1) != 0; }

// The three permission bits that apply to this user. The first matching class decides, even if a later class would
// grant more.
u32 granted(const Cred& cred, const Inode& inode) {
    if (cred.fsuid == inode.uid)
        return inode.mode >> 6 & 7;
    return (in_group_p(cred, inode.gid) ? inode.mode >> 3 : inode.mode) & 7;
}

} // namespace

Result<void> inode_permission(const Cred* cred, const Inode& inode, u32 wanted) {
    if (cred == nullptr || (wanted & ~granted(*cred, inode)) == 0)
        return {};
    const bool only_looks = (wanted & MAY_WRITE) == 0 && (inode.is_directory() || (wanted & MAY_EXEC) == 0);
    if (only_looks && has(*cred, CAP_DAC_READ_SEARCH))
        return {};
    const bool executable = inode.is_directory() || (inode.mode & ANY_EXECUTE) != 0;
    if (has(*cred, CAP_DAC_OVERRIDE) && ((wanted & MAY_EXEC) == 0 || executable))
        return {};
    if (inode.ops != nullptr && inode.ops->permits != nullptr && inode.ops->permits(inode))
        return {};
    return Err(Errno::ACCES);
}

Result<void> inode_permission(const Inode& inode, u32 wanted) {
    return inode_permission(current()->cred, inode, wanted);
}

Result<void> may_create(const Inode& directory) { return inode_permission(directory, MAY_WRITE | MAY_EXEC); }

Result<void> may_delete(const Inode& directory, const Inode& inode) {
    TRY_VOID(inode_permission(directory, MAY_WRITE | MAY_EXEC));
    const Cred* cred = current()->cred;
    const bool protects = cred != nullptr && (directory.mode & S_ISVTX) != 0;
    if (protects && cred->fsuid != inode.uid && cred->fsuid != directory.uid && !has(*cred, CAP_FOWNER))
        return Err(Errno::PERM);
    return {};
}

bool owner_or_capable(const Inode& inode) { return current_cred().fsuid == inode.uid || capable(CAP_FOWNER); }

void inherit_group(Inode& inode, const Inode& directory) {
    if ((directory.mode & S_ISGID) == 0)
        return;
    inode.gid = directory.gid;
    if (inode.is_directory())
        inode.mode |= S_ISGID;
    else if ((inode.mode & S_IXGRP) != 0 && !in_group_p(inode.gid) && !capable(CAP_FSETID))
        inode.mode &= ~u32{S_ISGID};
}

void remove_set_ids(Inode& inode) {
    if ((inode.mode & (S_ISUID | S_ISGID)) == 0 || !inode.is_regular() || capable(CAP_FSETID))
        return;
    inode.mode &= ~u32{S_ISUID};
    if ((inode.mode & S_IXGRP) != 0) // without S_IXGRP it means mandatory locking (inode(7))
        inode.mode &= ~u32{S_ISGID};
}

} // namespace faultline
