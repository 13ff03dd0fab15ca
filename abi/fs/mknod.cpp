// mknod(2) makes FIFOs, devices and regular files; link.cpp makes symbolic links with make_inode().
#include "abi/fs/mknod.hpp"

#include <linux/capability.h>
#include <linux/fcntl.h>

#include <cstring>

#include "abi/cred/cred.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/permission.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

Result<u32> make_inode(s32 dirfd, PathName& name, u32 mode, u32 rdev, char* link_target) {
    WriteGuard guard(tree_lock());
    Found found = TRY(walk_path(dirfd, name, LOOKUP_MISSING));
    if (!found.inode && found.trailing_slash)
        return Err(Errno::NOENT);
    InodeRef inode(TRY(new_inode(mode)));
    inode->rdev = rdev;
    if (found.last == Found::Name)
        inherit_group(*inode, *found.parent);
    if (link_target != nullptr)
        inode->mapping.size = std::strlen(link_target);
    inode->link_has_block = inode->mapping.size >= SHORT_SYMLINK_LEN; // Linux: shmem_symlink
    TRY_VOID(link_new(found, *inode));
    inode->link_target = link_target;
    return 0u;
}

Result<u32> sys_mknodat(s32 dirfd, UserAddr path, u32 mode, u32 device) {
    const u32 type = (mode & S_IFMT) == 0 ? u32{S_IFREG} : mode & S_IFMT;
    if (type == S_IFDIR)
        return Err(Errno::PERM);
    if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO)
        return Err(Errno::INVAL);
    if ((type == S_IFCHR || type == S_IFBLK) && !capable(CAP_MKNOD))
        return Err(Errno::PERM);
    PathName name = TRY(PathName::from_user(path));
    return make_inode(dirfd, name, type | (mode & 07777 & ~current()->fs->umask), device & 0xffff, nullptr);
}

Result<u32> sys_mknod(UserAddr path, u32 mode, u32 device) { return sys_mknodat(AT_FDCWD, path, mode, device); }

} // namespace faultline
