// The checks of truncate(2) and fallocate(2); abi/fs/regular.cpp sets the size.
#include "abi/fs/truncate.hpp"

#include <linux/falloc.h>
#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/permission.hpp"
#include "abi/fs/regular.hpp"

namespace faultline {

Result<u32> sys_ftruncate64(s32 fd, s64 length) {
    if (length < 0)
        return Err(Errno::INVAL);
    FileRef file = TRY(fget_ref(fd));
    if (file_mapping(*file) == nullptr || !file->inode->is_regular() || !file->writable())
        return Err(Errno::INVAL);
    TRY_VOID(truncate_inode(*file->inode, static_cast<u64>(length)));
    return 0u;
}

Result<u32> sys_ftruncate(s32 fd, u32 length) { return sys_ftruncate64(fd, static_cast<s32>(length)); }

Result<u32> sys_truncate64(UserAddr path, s64 length) {
    if (length < 0)
        return Err(Errno::INVAL);
    InodeRef inode = TRY(user_path(AT_FDCWD, path, LOOKUP_FOLLOW));
    if (inode->is_directory())
        return Err(Errno::ISDIR);
    if (!inode->is_regular() || inode->file_ops != nullptr)
        return Err(Errno::INVAL);
    TRY_VOID(inode_permission(*inode, MAY_WRITE));
    if (!get_write_access(inode->mapping))
        return Err(Errno::TXTBSY);
    const auto done = truncate_inode(*inode, static_cast<u64>(length));
    put_write_access(inode->mapping);
    TRY_VOID(done);
    return 0u;
}

Result<u32> sys_truncate(UserAddr path, u32 length) { return sys_truncate64(path, static_cast<s32>(length)); }

// A page is allocated when it is written, so only the size can be set in advance. Holes cannot be punched.
Result<u32> sys_fallocate(s32 fd, u32 mode, s64 offset, s64 length) {
    FileRef file = TRY(fget_ref(fd));
    if (offset < 0 || length <= 0)
        return Err(Errno::INVAL);
    if ((mode & ~u32(FALLOC_FL_KEEP_SIZE)) != 0)
        return Err(Errno::OPNOTSUPP);
    if (!file->writable())
        return Err(Errno::BADF);
    if (file->inode->type() == S_IFIFO)
        return Err(Errno::SPIPE);
    if (file->inode->type() == S_IFBLK)
        return Err(Errno::OPNOTSUPP); // a device neither grows nor has holes
    if (file_mapping(*file) == nullptr)
        return Err(Errno::NODEV);
    const u64 end = static_cast<u64>(offset) + static_cast<u64>(length);
    if (end > FILE_SIZE_MAX)
        return Err(Errno::FBIG);
    if ((mode & FALLOC_FL_KEEP_SIZE) == 0)
        TRY_VOID(extend_inode(*file->inode, end));
    return 0u;
}

} // namespace faultline
