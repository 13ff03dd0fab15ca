// rename(2): checks the conditions, then moves the name.
#include "abi/fs/rename.hpp"

#include <linux/fcntl.h>
#include <linux/fs.h>

#include "abi/fs/inode.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/permission.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

// Whether `inode` is `ancestor` or lies below it. Caller holds tree_lock.
bool is_below(Inode& inode, const Inode& ancestor) {
    InodeRef at(&iget(inode));
    for (;;) {
        if (at.get() == &ancestor)
            return true;
        InodeRef parent = parent_of(*at);
        if (parent.get() == at.get())
            return false;
        at = std::move(parent);
    }
}

// rename(2)'s conditions on the file at the new name. NOTDIR, ISDIR, BUSY, NOTEMPTY.
Result<void> may_replace(const Found& from, const Found& to) {
    if (from.inode->is_directory() && !to.inode->is_directory())
        return Err(Errno::NOTDIR);
    if (!from.inode->is_directory() && to.inode->is_directory())
        return Err(Errno::ISDIR);
    if (to.inode->covers != nullptr)
        return Err(Errno::BUSY);
    if (to.inode->is_directory() && !to.inode->children.empty())
        return Err(Errno::NOTEMPTY);
    return {};
}

Result<void> do_rename(const Found& from, const Found& to, u32 flags) {
    if (from.last != Found::Name || to.last != Found::Name || from.inode->covers != nullptr)
        return Err(Errno::BUSY);
    if (device_of(*from.parent) != device_of(*to.parent))
        return Err(Errno::XDEV);
    if (from.parent->ops != nullptr || to.parent->ops != nullptr)
        return Err(Errno::PERM);
    TRY_VOID(may_delete(*from.parent, *from.inode));
    TRY_VOID(to.inode ? may_delete(*to.parent, *to.inode) : may_create(*to.parent));
    if (from.inode->is_directory() && from.parent.get() != to.parent.get()) // its ".." changes
        TRY_VOID(inode_permission(*from.inode, MAY_WRITE));
    if ((from.trailing_slash || to.trailing_slash) && !from.inode->is_directory())
        return Err(Errno::NOTDIR);
    if (is_removed(*to.parent))
        return Err(Errno::NOENT);
    if (from.inode->is_directory() && is_below(*to.parent, *from.inode))
        return Err(Errno::INVAL);
    if (to.inode) {
        if ((flags & RENAME_NOREPLACE) != 0)
            return Err(Errno::EXIST);
        if (to.inode.get() == from.inode.get()) // two names of one file: rename(2) does nothing
            return {};
        if (is_below(*from.parent, *to.inode))
            return Err(Errno::NOTEMPTY);
        TRY_VOID(may_replace(from, to));
    }
    // Adding comes first, because only that can fail.
    Dentry* replaced = to.inode ? find_child(*to.parent, to.name) : nullptr;
    Dentry* old = find_child(*from.parent, from.name);
    TRY_VOID(add_name(*to.parent, to.name, *from.inode, replaced));
    const u32 links = from.inode->nlink; // a directory keeps its own links, which remove_name() sets to 0
    remove_name(*old);
    if (from.inode->is_directory())
        from.inode->nlink = links - 1;
    return {};
}

} // namespace

Result<u32> sys_renameat2(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path, u32 flags) {
    if ((flags & ~u32(RENAME_NOREPLACE)) != 0)
        return Err(Errno::INVAL);
    PathName old_name = TRY(PathName::from_user(old_path));
    PathName new_name = TRY(PathName::from_user(new_path));
    WriteGuard guard(tree_lock());
    const Found from = TRY(walk_path(old_dirfd, old_name, 0));
    const Found to = TRY(walk_path(new_dirfd, new_name, LOOKUP_MISSING));
    TRY_VOID(do_rename(from, to, flags));
    return 0u;
}

Result<u32> sys_renameat(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path) {
    return sys_renameat2(old_dirfd, old_path, new_dirfd, new_path, 0);
}
Result<u32> sys_rename(UserAddr old_path, UserAddr new_path) {
    return sys_renameat2(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

} // namespace faultline
