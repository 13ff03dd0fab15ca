// Files exist in memory only: there is nothing to flush, and nothing to read ahead.
#include "abi/fs/sync.hpp"

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"

namespace faultline {

Result<u32> sys_fsync(s32 fd) {
    FileRef file = TRY(fget_ref(fd));
    if (file->inode->type() != S_IFREG && file->inode->type() != S_IFDIR)
        return Err(Errno::INVAL);
    return 0u;
}

Result<u32> sys_sync() { return 0u; }

Result<u32> sys_fadvise64_64(s32, u32, s64, s64) { return 0u; }

} // namespace faultline
