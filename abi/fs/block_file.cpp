// Reads and writes go through the device's page cache; the ioctls tell and change what the device is like.
#include "abi/fs/block_file.hpp"

#include <algorithm>

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "abi/block/block_device.hpp"
#include "abi/cred/cred.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/iov_iter.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/page_io.hpp"
#include "abi/fs/sync.hpp"
#include "base/format.hpp"
#include "mm/page_writeback.hpp"

namespace faultline {

namespace {

constexpr u32 SECTORS_PER_PAGE = PAGE_SIZE >> SECTOR_SHIFT;

BlockDevice& device_of_file(const File& file) { return *static_cast<BlockDevice*>(file.private_data); }

Result<void> blkdev_open(File& file, u32) {
    BlockDevice* device = find_blkdev(file.inode->rdev);
    if (device == nullptr)
        return Err(Errno::NXIO);
    file.private_data = device;
    file.mapping = &device->mapping;
    file.wb_err = device->mapping.wb_err.sample();
    ++device->open_files;
    return {};
}

// With the last file the cache goes, except what is mapped. (Linux: blkdev_flush_mapping.)
void blkdev_release(File& file) {
    BlockDevice& device = device_of_file(file);
    if (--device.open_files != 0)
        return;
    sync_blockdev(device);
    if (device.open_files == 0)
        invalidate_mapping_pages(device.mapping);
}

Result<u32> blkdev_read(File& file, IovIter& to, u64& position) {
    const u32 done = TRY(read_pages(*file.mapping, file.read_ahead, to.left(), position,
                                    [&](const u8* from, u32, u32 count) { return to.copy_to_user(from, count); }));
    position += done;
    file.inode->atime_ns = current_time_ns();
    return done;
}

// `copy` as for write_pages(). PERM: a device that cannot be written; NOSPC: behind its end.
template <class Copy>
Result<u32> write_device(File& file, u32 bytes, u64& position, Copy&& copy) {
    BlockDevice& device = device_of_file(file);
    if (device.read_only)
        return Err(Errno::PERM);
    if (bytes == 0)
        return 0u;
    if (position >= device.bytes())
        return Err(Errno::NOSPC);
    bytes = static_cast<u32>(std::min<u64>(bytes, device.bytes() - position));
    const u32 written = TRY(write_pages(*file.mapping, bytes, position, copy));
    touch(*file.inode);
    if ((file.flags & O_DSYNC) != 0)
        TRY_VOID(vfs_fsync_range(file, position, position + written));
    position += written; // only now: for who is told of an error, nothing was written
    return written;
}

Result<u32> blkdev_write(File& file, IovIter& from, u64& position) {
    return write_device(file, from.left(), position,
                        [&](u8* to, u32, u32 count) { return from.copy_from_user(to, count); });
}

Result<u32> blkdev_splice_write(File& file, const void* data, u32 bytes, u64& position) {
    return write_device(file, bytes, position, copy_from_kernel(data));
}

// Writes what is dirty, and drops what is clean. (Linux: blkdev_flushbuf.)
Result<void> flush_buffers(BlockDevice& device) {
    if (!capable(CAP_SYS_ADMIN))
        return Err(Errno::ACCES);
    sync_blockdev(device);
    invalidate_mapping_pages(device.mapping);
    return {};
}

Result<void> set_read_ahead(BlockDevice& device, u32 sectors) {
    if (!capable(CAP_SYS_ADMIN))
        return Err(Errno::ACCES);
    device.mapping.ra_pages = std::min(sectors / SECTORS_PER_PAGE, IO_PAGES_MAX);
    return {};
}

// The requests that take or give one number of 32 bits, as most do: int, unsigned int or long.
Result<u32> number_asked_for(const BlockDevice& device, u32 request) {
    switch (request) {
    case BLKROGET:
        return u32{device.read_only};
    case BLKSSZGET:
    case BLKPBSZGET:
    case BLKIOMIN:
        return device.logical_block_bytes;
    case BLKBSZGET:
        return PAGE_SIZE;
    case BLKIOOPT:
    case BLKALIGNOFF:
        return 0u;
    case BLKRAGET:
    case BLKFRAGET:
        return u32{device.mapping.ra_pages} * SECTORS_PER_PAGE;
    case BLKGETSIZE:
        if (device.sectors > ~u32{0})
            return Err(Errno::FBIG);
        return static_cast<u32>(device.sectors);
    default:
        return Err(Errno::NOTTY);
    }
}

Result<s32> blkdev_ioctl(File& file, u32 request, u32 argument) {
    BlockDevice& device = device_of_file(file);
    switch (request) {
    case BLKGETSIZE64: {
        const u64 bytes = device.bytes();
        TRY_VOID(copy_struct_to_user(UserAddr(argument), &bytes, sizeof bytes));
        return 0;
    }
    case BLKFLSBUF:
        TRY_VOID(flush_buffers(device));
        return 0;
    case BLKRASET:
    case BLKFRASET:
        TRY_VOID(set_read_ahead(device, argument));
        return 0;
    default: {
        const u32 number = TRY(number_asked_for(device, request));
        TRY_VOID(put_user_u32(UserAddr(argument), number));
        return 0;
    }
    }
}

} // namespace

constinit const FileOps def_blk_fops{
    .read_iter = blkdev_read,
    .write_iter = blkdev_write,
    .splice_write = blkdev_splice_write,
    .ioctl = blkdev_ioctl,
    .open = blkdev_open,
    .release = blkdev_release,
    .seekable = true,
};

void make_block_nodes() {
    for (const BlockDevice* device = first_blkdev(); device != nullptr; device = device->next) {
        char path[sizeof "/dev/" + sizeof device->name];
        snprintf(path, sizeof path, "/dev/%s", device->name);
        make_device(path, S_IFBLK | 0660, device->rdev);
    }
}

bool is_read_only_device(const File& file) {
    return file.inode->type() == S_IFBLK && file.private_data != nullptr && device_of_file(file).read_only;
}

} // namespace faultline
