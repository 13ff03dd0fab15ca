// Bringing files to their storage, and advice about reading them (fsync(2), sync(2), posix_fadvise(2)). Only block devices
// have a storage; all other files exist in memory alone, and for them there is nothing to do.
#pragma once

#include "abi/fs/file.hpp"
#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Writes the bytes [start, end) of an open file that are dirty, and returns when they would survive a power cut. IO, also for
// an earlier write that failed and that this open file was not told of. (Linux: the same name.)
Result<void> vfs_fsync_range(File& file, u64 start, u64 end);

// System calls (contract: abi/syscall/table.cpp). fsync(): BADF; IO; INVAL: neither a regular file nor a directory nor a
// block device.
Result<u32> sys_fsync(s32 fd); // also fdatasync
Result<u32> sys_sync();
Result<u32> sys_syncfs(s32 fd);
Result<u32> sys_sync_file_range2(s32 fd, u32 flags, s64 offset, s64 bytes);
Result<u32> sys_fadvise64_64(s32 fd, u32 advice, s64 offset, s64 length);

} // namespace faultline
