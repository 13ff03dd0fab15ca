// Making hard and symbolic links, and reading symbolic ones.
#include "abi/fs/link.hpp"

#include <linux/fcntl.h>

#include <algorithm>
#include <cstring>

#include "abi/fs/inode.hpp"
#include "abi/fs/mknod.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/open.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

Result<u32> sys_linkat(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path, u32 flags) {
    if ((flags & ~u32(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0)
        return Err(Errno::INVAL);
    PathName old_name = TRY(PathName::from_user(old_path, (flags & AT_EMPTY_PATH) != 0));
    PathName new_name = TRY(PathName::from_user(new_path));
    WriteGuard guard(tree_lock());
    const u32 lookup = (flags & AT_SYMLINK_FOLLOW) != 0 ? u32{LOOKUP_FOLLOW} : 0;
    Found from = TRY(walk_path(old_dirfd, old_name, lookup));
    Found to = TRY(walk_path(new_dirfd, new_name, LOOKUP_MISSING));
    if (to.last != Found::Name || to.inode)
        return Err(Errno::EXIST);
    if (from.inode->is_directory())
        return Err(Errno::PERM);
    if (device_of(*from.inode) != device_of(*to.parent))
        return Err(Errno::XDEV);
    if (from.inode->nlink == 0 && !from.inode->linkable)
        return Err(Errno::NOENT);
    TRY_VOID(link_new(to, *from.inode));
    from.inode->linkable = false;
    from.inode->ctime_ns = current_time_ns();
    return 0u;
}

Result<u32> sys_link(UserAddr old_path, UserAddr new_path) {
    return sys_linkat(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

Result<u32> sys_symlinkat(UserAddr target, s32 dirfd, UserAddr path) {
    PathName text = TRY(PathName::from_user(target));
    PathName name = TRY(PathName::from_user(path));
    const u32 bytes = static_cast<u32>(std::strlen(text.text())) + 1;
    char* copy = static_cast<char*>(kmalloc(bytes));
    if (copy == nullptr)
        return Err(Errno::NOMEM);
    std::memcpy(copy, text.text(), bytes);
    const auto made = make_inode(dirfd, name, S_IFLNK | 0777, 0, copy);
    if (!made.ok())
        kfree(copy);
    return made;
}

Result<u32> sys_symlink(UserAddr target, UserAddr path) { return sys_symlinkat(target, AT_FDCWD, path); }

Result<u32> sys_readlinkat(s32 dirfd, UserAddr path, UserAddr buffer, u32 size) {
    if (static_cast<s32>(size) <= 0)
        return Err(Errno::INVAL);
    InodeRef link = TRY(inode_at(dirfd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
    if (!link->is_symlink())
        return Err(Errno::INVAL);
    char* text = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
    if (text == nullptr)
        return Err(Errno::NOMEM);
    Result<u32> length = 0u;
    if (link->link_target != nullptr) {
        length = static_cast<u32>(std::strlen(link->link_target));
        std::memcpy(text, link->link_target, *length);
    } else {
        ReadGuard guard(tree_lock());
        length = link->ops->readlink(*link, text, PATH_LENGTH_MAX);
    }
    if (length.ok()) {
        length = std::min(*length, size);
        if (copy_to_user(buffer, text, *length) != 0)
            length = Err(Errno::FAULT);
    }
    kfree(text);
    return length;
}

Result<u32> sys_readlink(UserAddr path, UserAddr buffer, u32 size) {
    return sys_readlinkat(AT_FDCWD, path, buffer, size);
}

} // namespace faultline
