// statfs(2): a file is on a tmpfs or on procfs, with which sysfs is counted.
#include "abi/fs/statfs.hpp"

#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>

#include <cstring>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/shmem.hpp"

namespace faultline {

namespace {

Result<u32> put_statfs64(const Inode& inode, u32 size, UserAddr buffer) {
    // ARM's C library passes 88 for the packed structure of 84 bytes that the kernel fills (Linux
    // arch/arm/kernel/sys_oabi-compat.c).
    if (size != sizeof(struct statfs64) && size != 88)
        return Err(Errno::INVAL);
    struct statfs64 out;
    std::memset(&out, 0, sizeof out);
    out.f_type = inode.ops != nullptr || inode.proc_entry != nullptr ? PROC_SUPER_MAGIC : TMPFS_MAGIC;
    out.f_bsize = PAGE_SIZE;
    out.f_frsize = PAGE_SIZE;
    // What has no limit is shown as 0. (Linux: shmem_statfs.)
    if (const ShmemSbInfo* sb = inode.mapping.sb; sb != nullptr && sb->max_blocks != 0) {
        out.f_blocks = sb->max_blocks;
        out.f_bfree = out.f_bavail = sb->max_blocks - sb->used_blocks;
    }
    if (const ShmemSbInfo* sb = inode.mapping.sb; sb != nullptr && sb->max_inodes != 0) {
        out.f_files = sb->max_inodes;
        out.f_ffree = sb->max_inodes - sb->used_inodes;
    }
    out.f_namelen = NAME_LENGTH_MAX;
    TRY_VOID(copy_struct_to_user(buffer, &out, sizeof out));
    return 0u;
}

} // namespace

Result<u32> sys_statfs64(UserAddr path, u32 size, UserAddr buffer) {
    return put_statfs64(*TRY(user_path(AT_FDCWD, path, LOOKUP_FOLLOW)), size, buffer);
}

Result<u32> sys_fstatfs64(s32 fd, u32 size, UserAddr buffer) {
    FileRef file(TRY(fget(fd)));
    return put_statfs64(*file->inode, size, buffer);
}

} // namespace faultline
