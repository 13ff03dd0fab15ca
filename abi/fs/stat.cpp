// Filling the structures of stat(2) and statx(2).
#include "abi/fs/stat.hpp"

#include <cstring>

#include <asm/stat.h>
#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/namei.hpp"
#include "mm/kmalloc.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {

constexpr u64 NSEC = 1'000'000'000;

// In the unit of st_blocks.
u64 blocks_of(const Inode& inode) {
    constexpr u32 SECTOR = 512;
    return u64{inode.mapping.nr_pages + inode.mapping.nr_swapped + (inode.link_has_block ? 1u : 0u)} *
           (PAGE_SIZE / SECTOR);
}

u32 device_number(const Inode& inode) {
    ReadGuard guard(tree_lock());
    return device_of(inode);
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
    out.st_blocks = blocks_of(inode);
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
    out.stx_blocks = blocks_of(inode);
    out.stx_atime = statx_time(inode.atime_ns);
    out.stx_mtime = statx_time(inode.mtime_ns);
    out.stx_ctime = statx_time(inode.ctime_ns);
    out.stx_rdev_major = inode.rdev >> 8;
    out.stx_rdev_minor = inode.rdev & 0xff;
    out.stx_dev_minor = device_number(inode);
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

} // namespace faultline
