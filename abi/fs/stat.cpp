// What a file is: stat(2), statx(2), statfs(2), access(2), readlink(2).
#include <algorithm>
#include <cstring>

#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/permission.hpp"
#include "abi/fs/syscalls.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u64 NSEC = 1'000'000'000;
constexpr u32 SECTOR = 512; // the unit of st_blocks

u32 device_number(const Inode& inode) {
    ReadGuard guard(tree_lock());
    return device_of(inode);
}

// The inode that (dirfd, path, flags) of the *at calls means; an empty path with AT_EMPTY_PATH is dirfd's
// own.
Result<InodeRef> inode_at(s32 dirfd, UserAddr path, u32 flags, const Cred* cred = current()->cred) {
    PathName name = TRY(PathName::from_user(path, (flags & AT_EMPTY_PATH) != 0));
    if (name.empty()) {
        if (dirfd == AT_FDCWD)
            return directory_of(dirfd);
        FileRef file(TRY(fget(dirfd)));
        return InodeRef(&iget(*file->inode));
    }
    ReadGuard guard(tree_lock());
    const u32 lookup = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : u32{LOOKUP_FOLLOW};
    return std::move(TRY(walk_path(dirfd, name, lookup, cred)).inode);
}

Result<u32> put_stat64(const Inode& inode, UserAddr buffer) {
    struct stat64 out;
    std::memset(&out, 0, sizeof out);
    out.st_dev = device_number(inode);
    out.__st_ino = static_cast<u32>(inode.number);
    out.st_ino = inode.number;
    out.st_mode = inode.mode;
    out.st_nlink = inode.nlink;
    out.st_uid = inode.uid;
    out.st_gid = inode.gid;
    out.st_rdev = inode.rdev;
    out.st_size = static_cast<s64>(inode.mapping.size);
    out.st_blksize = PAGE_SIZE;
    out.st_blocks = u64{inode.mapping.nr_pages} * (PAGE_SIZE / SECTOR);
    out.st_atime = static_cast<u32>(inode.atime_ns / NSEC);
    out.st_atime_nsec = static_cast<u32>(inode.atime_ns % NSEC);
    out.st_mtime = static_cast<u32>(inode.mtime_ns / NSEC);
    out.st_mtime_nsec = static_cast<u32>(inode.mtime_ns % NSEC);
    out.st_ctime = static_cast<u32>(inode.ctime_ns / NSEC);
    out.st_ctime_nsec = static_cast<u32>(inode.ctime_ns % NSEC);
    TRY_VOID(copy_struct_to_user(buffer, &out, sizeof out));
    return 0u;
}

struct statx_timestamp statx_time(u64 time_ns) {
    struct statx_timestamp out{};
    out.tv_sec = static_cast<s64>(time_ns / NSEC);
    out.tv_nsec = static_cast<u32>(time_ns % NSEC);
    return out;
}

Result<u32> put_statx(const Inode& inode, UserAddr buffer) {
    struct statx out;
    std::memset(&out, 0, sizeof out);
    out.stx_mask = STATX_BASIC_STATS;
    out.stx_blksize = PAGE_SIZE;
    out.stx_nlink = inode.nlink;
    out.stx_uid = inode.uid;
    out.stx_gid = inode.gid;
    out.stx_mode = static_cast<u16>(inode.mode);
    out.stx_ino = inode.number;
    out.stx_size = inode.mapping.size;
    out.stx_blocks = u64{inode.mapping.nr_pages} * (PAGE_SIZE / SECTOR);
    out.stx_atime = statx_time(inode.atime_ns);
    out.stx_mtime = statx_time(inode.mtime_ns);
    out.stx_ctime = statx_time(inode.ctime_ns);
    out.stx_rdev_major = inode.rdev >> 8;
    out.stx_rdev_minor = inode.rdev & 0xff;
    out.stx_dev_minor = device_number(inode);
    TRY_VOID(copy_struct_to_user(buffer, &out, sizeof out));
    return 0u;
}

Result<u32> put_statfs64(const Inode& inode, u32 size, UserAddr buffer) {
    // ARM's library passes 88 for the packed 84 that the kernel fills (Linux
    // arch/arm/kernel/sys_oabi-compat.c).
    if (size != sizeof(struct statfs64) && size != 88)
        return Err(Errno::INVAL);
    struct statfs64 out;
    std::memset(&out, 0, sizeof out);
    out.f_type = inode.ops != nullptr || inode.proc_entry != nullptr ? PROC_SUPER_MAGIC : TMPFS_MAGIC;
    out.f_bsize = PAGE_SIZE;
    out.f_frsize = PAGE_SIZE;
    if (out.f_type == TMPFS_MAGIC) {
        out.f_blocks = nr_total_pages();
        out.f_bfree = out.f_bavail = nr_free_pages();
    }
    out.f_namelen = NAME_LENGTH_MAX;
    TRY_VOID(copy_struct_to_user(buffer, &out, sizeof out));
    return 0u;
}

} // namespace

Result<u32> sys_stat64(UserAddr path, UserAddr buffer) {
    return put_stat64(*TRY(user_path(AT_FDCWD, path, LOOKUP_FOLLOW)), buffer);
}
Result<u32> sys_lstat64(UserAddr path, UserAddr buffer) {
    return put_stat64(*TRY(user_path(AT_FDCWD, path, 0)), buffer);
}

Result<u32> sys_fstat64(s32 fd, UserAddr buffer) {
    FileRef file(TRY(fget(fd)));
    return put_stat64(*file->inode, buffer);
}

Result<u32> sys_fstatat64(s32 dirfd, UserAddr path, UserAddr buffer, u32 flags) {
    if ((flags & ~u32(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) != 0)
        return Err(Errno::INVAL);
    return put_stat64(*TRY(inode_at(dirfd, path, flags)), buffer);
}

Result<u32> sys_statx(s32 dirfd, UserAddr path, u32 flags, u32 mask, UserAddr buffer) {
    if ((mask & STATX__RESERVED) != 0 ||
        (flags & ~u32(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) != 0 ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return Err(Errno::INVAL);
    return put_statx(*TRY(inode_at(dirfd, path, flags)), buffer);
}

Result<u32> sys_statfs64(UserAddr path, u32 size, UserAddr buffer) {
    return put_statfs64(*TRY(user_path(AT_FDCWD, path, LOOKUP_FOLLOW)), size, buffer);
}

Result<u32> sys_fstatfs64(s32 fd, u32 size, UserAddr buffer) {
    FileRef file(TRY(fget(fd)));
    return put_statfs64(*file->inode, size, buffer);
}

Result<u32> sys_faccessat2(s32 dirfd, UserAddr path, u32 mode, u32 flags) {
    constexpr u32 ANY = MAY_READ | MAY_WRITE | MAY_EXEC; // R_OK, W_OK, X_OK
    if ((mode & ~ANY) != 0 || (flags & ~u32(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
        return Err(Errno::INVAL);
    Cred cred = current_cred();
    if ((flags & AT_EACCESS) == 0) { // what the real user could do; root without capabilities has his again
        cred.fsuid = cred.uid;
        cred.fsgid = cred.gid;
        cred.cap_effective = cred.uid == 0 ? cred.cap_permitted : 0;
    }
    InodeRef inode = TRY(inode_at(dirfd, path, flags, &cred));
    TRY_VOID(inode_permission(&cred, *inode, mode));
    return 0u;
}

Result<u32> sys_faccessat(s32 dirfd, UserAddr path, u32 mode) { return sys_faccessat2(dirfd, path, mode, 0); }
Result<u32> sys_access(UserAddr path, u32 mode) { return sys_faccessat2(AT_FDCWD, path, mode, 0); }

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
