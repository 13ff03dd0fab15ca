// What is asked of the files with storage; mm/page_writeback.cpp does the work.
#include "abi/fs/sync.hpp"

#include <algorithm>

#include <linux/fadvise.h>
#include <linux/fs.h>

#include "abi/block/block_device.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "mm/page_writeback.hpp"

namespace faultline {

namespace {

// The pages in which the bytes [start, end) lie.
struct PageNumbers {
    u32 first, end;
    PageNumbers(u64 start, u64 end_byte)
        : first(page_number(start)), end(page_number(end_byte + std::min<u64>(PAGE_SIZE - 1, ~end_byte))) {}

  private:
    static u32 page_number(u64 byte) { return static_cast<u32>(std::min<u64>(byte >> PAGE_SHIFT, ~u32{0})); }
};

// Whether a write failed that this open file was not told of. (Linux: file_check_and_advance_wb_err.)
Result<void> check_errors(File& file) {
    if (file.mapping->wb_err.check_and_advance(file.wb_err))
        return Err(Errno::IO);
    return {};
}

} // namespace

Result<void> vfs_fsync_range(File& file, u64 start, u64 end) {
    AddressSpace& mapping = *file.mapping;
    if (!mapping_can_writeback(mapping))
        return {};
    const PageNumbers pages(start, end);
    filemap_write_and_wait_range(mapping, pages.first, pages.end);
    TRY_VOID(check_errors(file));
    return mapping.ops->flush != nullptr ? mapping.ops->flush(mapping) : Result<void>();
}

Result<u32> sys_fsync(s32 fd) {
    FileRef file = TRY(fget_ref(fd));
    const u32 type = file->inode->type();
    if (type != S_IFREG && type != S_IFDIR && type != S_IFBLK)
        return Err(Errno::INVAL);
    TRY_VOID(vfs_fsync_range(*file, 0, ~u64{0}));
    return 0u;
}

// Goes over the disks, and not over the files with dirty pages: what the flusher writes just now is in none of those, and must be on
// the disk before the flush. sync(2) tells of no error.
Result<u32> sys_sync() {
    for (BlockDevice* device = first_blkdev(); device != nullptr; device = device->next) {
        sync_blockdev(*device);
        (void)blkdev_issue_flush(*device);
    }
    return 0u;
}

// A file system is what is mounted, and none that can be mounted here has a storage.
Result<u32> sys_syncfs(s32 fd) {
    FileRef file = TRY(fget_ref(fd));
    return 0u;
}

// (Linux: sync_file_range.) What it begins to write is written when it returns.
Result<u32> sys_sync_file_range2(s32 fd, u32 flags, s64 offset, s64 bytes) {
    FileRef file = TRY(fget_ref(fd));
    constexpr u32 ALL = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    s64 end = 0;
    if ((flags & ~ALL) != 0 || offset < 0 || bytes < 0 || __builtin_add_overflow(offset, bytes, &end))
        return Err(Errno::INVAL);
    const u32 type = file->inode->type();
    if (type != S_IFREG && type != S_IFDIR && type != S_IFBLK)
        return Err(Errno::SPIPE);
    AddressSpace& mapping = *file->mapping;
    if (!mapping_can_writeback(mapping))
        return 0u;
    const PageNumbers pages(static_cast<u64>(offset), bytes == 0 ? ~u64{0} : static_cast<u64>(end));
    if ((flags & SYNC_FILE_RANGE_WAIT_BEFORE) != 0)
        filemap_fdatawait_range(mapping, pages.first, pages.end);
    if ((flags & SYNC_FILE_RANGE_WRITE) != 0)
        filemap_fdatawrite_range(mapping, pages.first, pages.end);
    if ((flags & SYNC_FILE_RANGE_WAIT_AFTER) != 0)
        filemap_fdatawait_range(mapping, pages.first, pages.end);
    if ((flags & (SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER)) != 0)
        TRY_VOID(check_errors(*file));
    return 0u;
}

Result<u32> sys_fadvise64_64(s32 fd, u32 advice, s64 offset, s64 length) {
    FileRef file = TRY(fget_ref(fd));
    if (file->inode->type() == S_IFIFO)
        return Err(Errno::SPIPE);
    if (advice > POSIX_FADV_NOREUSE || length < 0)
        return Err(Errno::INVAL);
    AddressSpace& mapping = *file->mapping;
    if (!mapping_reads(mapping))
        return 0u;
    const u64 start = static_cast<u64>(offset), end = start + static_cast<u64>(length);
    const PageNumbers pages(start, length == 0 || end < start ? ~u64{0} : end);
    switch (advice) {
    case POSIX_FADV_RANDOM:
        file->read_ahead.random = true;
        break;
    case POSIX_FADV_NORMAL:
    case POSIX_FADV_SEQUENTIAL:
        file->read_ahead.random = false;
        break;
    case POSIX_FADV_WILLNEED:
        force_page_cache_readahead(mapping, pages.first, pages.end);
        break;
    case POSIX_FADV_DONTNEED:
        filemap_fdatawrite_range(mapping, pages.first, pages.end);
        invalidate_mapping_pages(mapping, pages.first, pages.end);
        break;
    default:
        break;
    }
    return 0u;
}

} // namespace faultline
