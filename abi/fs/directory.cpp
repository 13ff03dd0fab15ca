// Directories: listing, making, removing, and standing in them.
#include "abi/fs/directory.hpp"

#include <algorithm>
#include <cstring>

#include <linux/fcntl.h>

#include "abi/fs/namei.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/permission.hpp"
#include "abi/fs/syscalls.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/slab.hpp"

namespace faultline {

constinit const FileOps directory_file_ops{
    .read = [](File&, UserAddr, u32, u64&) -> Result<u32> { return Err(Errno::ISDIR); },
    .seekable = true, // the position is the cookie of the entry last read
};

namespace {

constexpr u32 DOT_COOKIE = 1, DOT_DOT_COOKIE = 2;

// struct linux_dirent64 (getdents(2)); the name follows, with its NUL, up to a multiple of 8.
struct DirentHeader {
    u64 inode_number;
    s64 cookie;
    u16 record_bytes;
    u8 type;
} __attribute__((packed));
static_assert(sizeof(DirentHeader) == 19);

// Entries as getdents64 returns them, in kernel memory.
class DirentBuffer : public DirectorySink {
  public:
    DirentBuffer(u8* buffer, u32 size) : buffer_(buffer), size_(size) {}

    bool entry(std::string_view name, u64 inode_number, u32 type, u32 cookie) override {
        const u32 bytes = (static_cast<u32>(sizeof(DirentHeader) + name.size()) + 1 + 7) & ~7u;
        if (bytes > size_ - used_) {
            full_ = true;
            return false;
        }
        const DirentHeader header{inode_number, s64{cookie}, static_cast<u16>(bytes), static_cast<u8>(type >> 12)};
        u8* at = buffer_ + used_;
        std::memset(at, 0, bytes);
        std::memcpy(at, &header, sizeof header);
        std::memcpy(at + sizeof header, name.data(), name.size());
        used_ += bytes;
        last_cookie_ = cookie;
        return true;
    }
    u32 used() const { return used_; }
    bool full() const { return full_; }
    u32 last_cookie() const { return last_cookie_; }

  private:
    u8* buffer_;
    u32 size_, used_ = 0, last_cookie_ = 0;
    bool full_ = false;
};

// Hands the entries after `after` to `sink`. Caller holds tree_lock.
void iterate(Inode& directory, u32 after, DirectorySink& sink) {
    if (after < DOT_COOKIE && !sink.entry(".", directory.number, S_IFDIR, DOT_COOKIE))
        return;
    if (after < DOT_DOT_COOKIE && !sink.entry("..", parent_of(directory)->number, S_IFDIR, DOT_DOT_COOKIE))
        return;
    for (const Dentry& dentry : directory.children)
        if (dentry.cookie > after &&
            !sink.entry(dentry.name(), dentry.inode->number, dentry.inode->type(), dentry.cookie))
            return;
    if (directory.ops != nullptr && directory.ops->iterate != nullptr)
        directory.ops->iterate(directory, after, sink);
}

} // namespace

Result<u32> sys_getdents64(s32 fd, UserAddr buffer, u32 bytes) {
    FileRef file = TRY(fget_ref(fd));
    if (!file->inode->is_directory())
        return Err(Errno::NOTDIR);
    if (is_removed(*file->inode))
        return Err(Errno::NOENT);
    u8* page = static_cast<u8*>(kmalloc(PAGE_SIZE));
    if (page == nullptr)
        return Err(Errno::NOMEM);
    DirentBuffer entries(page, std::min(bytes, PAGE_SIZE));
    {
        ReadGuard guard(tree_lock());
        iterate(*file->inode, static_cast<u32>(std::min<u64>(file->position, ~u32{0})), entries);
    }
    Result<u32> result = entries.used();
    if (entries.used() == 0 && entries.full())
        result = Err(Errno::INVAL);
    else if (copy_to_user(buffer, page, entries.used()) != 0)
        result = Err(Errno::FAULT);
    else if (entries.used() != 0)
        file->position = entries.last_cookie();
    kfree(page);
    return result;
}

Result<u32> sys_getcwd(UserAddr buffer, u32 size) {
    char* page = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
    if (page == nullptr)
        return Err(Errno::NOMEM);
    Result<u32> result = 0u;
    {
        ReadGuard guard(tree_lock());
        Inode& pwd = *current()->fs->pwd;
        const auto path = inode_path(pwd, page, PATH_LENGTH_MAX);
        if (is_removed(pwd))
            result = Err(Errno::NOENT);
        else if (!path.ok())
            result = Err(Errno::NAMETOOLONG);
        else
            result = static_cast<u32>(path.value().size()) + 1;
    }
    if (result.ok() && *result > size)
        result = Err(Errno::RANGE);
    if (result.ok() && copy_to_user(buffer, page, *result) != 0)
        result = Err(Errno::FAULT);
    kfree(page);
    return result;
}

namespace {

Result<u32> set_pwd(InodeRef directory) {
    if (!directory->is_directory())
        return Err(Errno::NOTDIR);
    TRY_VOID(inode_permission(*directory, MAY_EXEC));
    iput(std::exchange(current()->fs->pwd, directory.release()));
    return 0u;
}

} // namespace

Result<u32> sys_chdir(UserAddr path) { return set_pwd(TRY(user_path(AT_FDCWD, path, LOOKUP_FOLLOW))); }

Result<u32> sys_fchdir(s32 fd) {
    FileRef file(TRY(fget(fd)));
    return set_pwd(InodeRef(&iget(*file->inode)));
}

Result<u32> sys_mkdirat(s32 dirfd, UserAddr path, u32 mode) {
    PathName name = TRY(PathName::from_user(path));
    WriteGuard guard(tree_lock());
    Found found = TRY(walk_path(dirfd, name, LOOKUP_MISSING));
    InodeRef inode(TRY(new_inode(S_IFDIR | (mode & 01777 & ~current()->fs->umask))));
    if (found.last == Found::Name)
        inherit_group(*inode, *found.parent);
    TRY_VOID(link_new(found, *inode));
    return 0u;
}

Result<u32> sys_mkdir(UserAddr path, u32 mode) { return sys_mkdirat(AT_FDCWD, path, mode); }

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
