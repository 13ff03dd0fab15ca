// From a path to an open file.
#include "abi/fs/open.hpp"

#include <linux/fcntl.h>

#include "abi/fs/block_file.hpp"
#include "abi/fs/char_device.hpp"
#include "abi/fs/directory.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/permission.hpp"
#include "abi/fs/pipe.hpp"
#include "abi/fs/regular.hpp"
#include "base/format.hpp"

namespace faultline {

namespace {

constexpr FileOps path_only_ops{};

Result<const FileOps*> ops_for(Inode& inode) {
    if (inode.file_ops != nullptr)
        return inode.file_ops;
    switch (inode.type()) {
    case S_IFREG:
        return &regular_file_ops;
    case S_IFDIR:
        return &directory_file_ops;
    case S_IFIFO:
        return &pipe_file_ops;
    case S_IFLNK:
        return Err(Errno::LOOP);
    case S_IFBLK:
        return &def_blk_fops;
    case S_IFCHR:
        if (const FileOps* ops = chrdev_ops(inode.rdev))
            return ops;
        break;
    default:
        break;
    }
    return Err(Errno::NXIO);
}

// Finds the inode to open. With O_CREAT, makes it if it is missing, and sets `made`.
Result<InodeRef> find_or_create(s32 dirfd, PathName& path, u32 flags, u32 mode, bool& made) {
    const bool create = (flags & O_CREAT) != 0, exclusive = create && (flags & O_EXCL) != 0;
    u32 lookup = create ? u32{LOOKUP_MISSING} : 0;
    if ((flags & O_NOFOLLOW) == 0 && !exclusive)
        lookup |= LOOKUP_FOLLOW;
    if (!create) {
        ReadGuard guard(tree_lock());
        return std::move(TRY(walk_path(dirfd, path, lookup)).inode);
    }
    WriteGuard guard(tree_lock());
    Found found = TRY(walk_path(dirfd, path, lookup));
    if (found.inode) {
        if (exclusive)
            return Err(Errno::EXIST);
        if (found.inode->is_directory())
            return Err(Errno::ISDIR);
        return std::move(found.inode);
    }
    if (found.trailing_slash)
        return Err(Errno::ISDIR);
    InodeRef inode(TRY(new_inode(S_IFREG | (mode & 07777 & ~current()->fs->umask))));
    inherit_group(*inode, *found.parent);
    TRY_VOID(link_new(found, *inode));
    made = true;
    return inode;
}

// O_TMPFILE: makes a file without a name. linkat(2) may give it one later, unless O_EXCL.
Result<FileRef> open_tmpfile(s32 dirfd, PathName& path, u32 flags, u32 mode) {
    if ((flags & O_ACCMODE) == O_RDONLY)
        return Err(Errno::INVAL);
    InodeRef inode;
    {
        WriteGuard guard(tree_lock());
        const Found found = TRY(walk_path(dirfd, path, (flags & O_NOFOLLOW) != 0 ? 0 : u32{LOOKUP_FOLLOW}));
        if (!found.inode->is_directory())
            return Err(Errno::NOTDIR);
        TRY_VOID(may_create(*found.inode));
        if (found.inode->ops != nullptr)
            return Err(Errno::OPNOTSUPP);
        inode = InodeRef(TRY(new_inode(S_IFREG | (mode & 07777 & ~current()->fs->umask))));
        if (ShmemSbInfo* sb = found.inode->mapping.sb) {
            if (!shmem_has_free_inode(*sb))
                return Err(Errno::NOSPC);
            join_file_system(*inode, *sb);
        }
        inherit_group(*inode, *found.inode);
        char name[16];
        const auto length = scnprintf(name, sizeof name, "#%llu", static_cast<unsigned long long>(inode->number));
        TRY_VOID(set_unlisted_name(*inode, found.inode.get(), {name, length}));
        inode->linkable = (flags & O_EXCL) == 0;
    }
    return open_inode(*inode, flags & ~u32(O_TMPFILE | O_EXCL));
}

// The permission checks of open(2) for a file that exists.
Result<void> may_open(const Inode& inode, u32 flags) {
    const u32 mode = flags & O_ACCMODE;
    u32 wanted = mode == O_RDONLY ? u32{MAY_READ} : mode == O_WRONLY ? u32{MAY_WRITE} : MAY_READ | MAY_WRITE;
    if ((flags & O_TRUNC) != 0)
        wanted |= MAY_WRITE;
    if (inode.is_symlink())
        return Err(Errno::LOOP);
    if (inode.is_directory() && (wanted & MAY_WRITE) != 0)
        return Err(Errno::ISDIR);
    TRY_VOID(inode_permission(inode, wanted));
    if ((flags & O_NOATIME) != 0 && !owner_or_capable(inode))
        return Err(Errno::PERM);
    return {};
}

Result<FileRef> do_open(s32 dirfd, PathName& path, u32 flags, u32 mode) {
    if ((flags & O_PATH) != 0)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((flags & __O_TMPFILE) != 0) {
        if ((flags & (O_TMPFILE | O_CREAT)) != O_TMPFILE)
            return Err(Errno::INVAL);
        return open_tmpfile(dirfd, path, flags, mode);
    }
    if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
        return Err(Errno::INVAL);
    bool made = false;
    InodeRef inode = TRY(find_or_create(dirfd, path, flags, mode, made));
    if ((flags & O_DIRECTORY) != 0 && !inode->is_directory())
        return Err(Errno::NOTDIR);
    // open(2): the task that makes a file may open it, whatever mode it gave the file.
    if (!made && (flags & O_PATH) == 0)
        TRY_VOID(may_open(*inode, flags));
    return open_inode(*inode, flags);
}

} // namespace

namespace {

// O_TRUNC, also of a file that is opened for reading. (Linux: handle_truncate.)
Result<void> truncate_opened(Inode& inode) {
    if (!get_write_access(inode.mapping))
        return Err(Errno::TXTBSY);
    const auto done = truncate_inode(inode, 0);
    put_write_access(inode.mapping);
    return done;
}

} // namespace

Result<FileRef> open_inode(Inode& inode, u32 flags) {
    const u32 kept = flags & ~u32(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
    if ((flags & O_PATH) != 0)
        return FileRef(TRY(alloc_file(inode, path_only_ops, kept)));
    const bool to_write = (flags & O_ACCMODE) != O_RDONLY;
    if (inode.is_directory() && to_write)
        return Err(Errno::ISDIR);
    if ((flags & O_DIRECT) != 0 && (inode.is_regular() || inode.type() == S_IFBLK))
        return Err(Errno::INVAL);
    const FileOps* ops = TRY(ops_for(inode));
    FileRef file(TRY(alloc_file(inode, path_only_ops, kept)));
    if (inode.type() == S_IFIFO)
        TRY_VOID(fifo_open(inode, *file));
    else if (inode.is_regular() && (flags & O_TRUNC) != 0 && file_mapping(*file) != nullptr)
        TRY_VOID(truncate_opened(inode));
    if (ops->open != nullptr)
        TRY_VOID(ops->open(*file, flags));
    file->ops = ops; // from here on, the last reference calls `release`
    return file;
}

Result<void> link_new(Found& found, Inode& inode) {
    if (found.last != Found::Name || found.inode)
        return Err(Errno::EXIST);
    if (found.parent->ops != nullptr)
        return Err(Errno::PERM);
    if (is_removed(*found.parent))
        return Err(Errno::NOENT);
    TRY_VOID(may_create(*found.parent));
    ShmemSbInfo* sb = found.parent->mapping.sb;
    const bool counts = inode.mapping.sb == nullptr || inode.nlink != 0; // a file of O_TMPFILE has been counted
    if (sb != nullptr && counts && !shmem_has_free_inode(*sb))
        return Err(Errno::NOSPC);
    const bool takes_block = inode.link_has_block && inode.mapping.sb == nullptr;
    if (takes_block)
        TRY_VOID(shmem_acct_block(sb));
    const auto added = add_name(*found.parent, found.name, inode);
    if (!added && takes_block)
        shmem_unacct_block(sb);
    return added;
}

Result<FileRef> kernel_open(std::string_view path, u32 flags, u32 mode) {
    PathName name = TRY(PathName::from_kernel(path));
    return do_open(AT_FDCWD, name, flags, mode);
}

namespace {

Result<File*> open_executable(Inode& inode) {
    if (inode.is_symlink()) // it was not to be followed
        return Err(Errno::LOOP);
    if (!inode.is_regular())
        return Err(Errno::ACCES);
    TRY_VOID(inode_permission(inode, MAY_EXEC));
    FileRef file = TRY(open_inode(inode, O_RDONLY));
    if (!deny_write_access(inode.mapping))
        return Err(Errno::TXTBSY);
    file->denies_write = true;
    return file.release();
}

} // namespace

Result<File*> open_exec(const char* path) {
    if (path[0] == '\0') // on Linux the working directory, which is no program
        return Err(Errno::ACCES);
    PathName name = TRY(PathName::from_kernel(path));
    bool made = false;
    return open_executable(*TRY(find_or_create(AT_FDCWD, name, O_RDONLY, 0, made)));
}

Result<File*> open_exec_at(s32 dirfd, UserAddr path, u32 flags) {
    PathName name = TRY(PathName::from_user(path, (flags & AT_EMPTY_PATH) != 0));
    if (name.empty()) {
        File* file = lookup_fd(*current()->files, dirfd); // whatever it was opened for, O_PATH included
        if (file == nullptr)
            return Err(Errno::BADF);
        const FileRef reference(file);
        return open_executable(*file->inode);
    }
    const u32 no_follow = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? u32{O_NOFOLLOW} : 0;
    bool made = false;
    return open_executable(*TRY(find_or_create(dirfd, name, O_RDONLY | no_follow, 0, made)));
}

Result<u32> sys_openat(s32 dirfd, UserAddr path, u32 flags, u32 mode) {
    PathName name = TRY(PathName::from_user(path));
    FileRef file = TRY(do_open(dirfd, name, flags, mode));
    return static_cast<u32>(TRY(fd_install(std::move(file), (flags & O_CLOEXEC) != 0)));
}

Result<u32> sys_open(UserAddr path, u32 flags, u32 mode) { return sys_openat(AT_FDCWD, path, flags, mode); }
Result<u32> sys_creat(UserAddr path, u32 mode) { return sys_open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

} // namespace faultline
