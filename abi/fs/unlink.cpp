// Removing the names of files and of empty directories.
#include "abi/fs/unlink.hpp"

#include <linux/fcntl.h>

#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/permission.hpp"

namespace faultline {

namespace {

Result<u32> do_rmdir(s32 dirfd, UserAddr path) {
    PathName name = TRY(PathName::from_user(path));
    WriteGuard guard(tree_lock());
    Found found = TRY(walk_path(dirfd, name, 0));
    if (found.last == Found::DotDot)
        return Err(Errno::NOTEMPTY);
    if (found.last == Found::Dot)
        return Err(found.inode->covers != nullptr || &*found.inode == &root_inode() ? Errno::BUSY : Errno::INVAL);
    if (found.parent->ops != nullptr)
        return Err(Errno::PERM);
    TRY_VOID(may_delete(*found.parent, *found.inode));
    if (!found.inode->is_directory())
        return Err(Errno::NOTDIR);
    if (found.inode->covers != nullptr)
        return Err(Errno::BUSY);
    if (!found.inode->children.empty())
        return Err(Errno::NOTEMPTY);
    remove_name(*find_child(*found.parent, found.name));
    return 0u;
}

Result<u32> do_unlink(s32 dirfd, PathName name) {
    WriteGuard guard(tree_lock());
    Found found = TRY(walk_path(dirfd, name, 0));
    if (found.last != Found::Name)
        return Err(Errno::ISDIR);
    if (found.trailing_slash)
        return Err(found.inode->is_directory() ? Errno::ISDIR : Errno::NOTDIR);
    if (found.parent->ops != nullptr)
        return Err(Errno::PERM);
    TRY_VOID(may_delete(*found.parent, *found.inode));
    if (found.inode->is_directory())
        return Err(Errno::ISDIR);
    remove_name(*find_child(*found.parent, found.name));
    return 0u;
}

} // namespace

Result<u32> sys_rmdir(UserAddr path) { return do_rmdir(AT_FDCWD, path); }
Result<u32> sys_unlink(UserAddr path) { return do_unlink(AT_FDCWD, TRY(PathName::from_user(path))); }

Result<void> kernel_unlink(std::string_view path) {
    PathName name = TRY(PathName::from_kernel(path));
    TRY(do_unlink(AT_FDCWD, std::move(name)));
    return {};
}

Result<u32> sys_unlinkat(s32 dirfd, UserAddr path, u32 flags) {
    if ((flags & ~u32(AT_REMOVEDIR)) != 0)
        return Err(Errno::INVAL);
    return (flags & AT_REMOVEDIR) != 0 ? do_rmdir(dirfd, path) : do_unlink(dirfd, TRY(PathName::from_user(path)));
}

} // namespace faultline
