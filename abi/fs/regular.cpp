// Reading and writing files page by page through the page cache. While user memory is touched, only the inode's own
// lock is held. It is outside the mmap lock, as Linux's inode lock is, because the buffer may be a mapping of the same
// file.
#include "abi/fs/regular.hpp"

#include <algorithm>
#include <cstring>

#include <linux/fcntl.h>
#include <linux/resource.h>

#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/iov_iter.hpp"
#include "abi/fs/page_io.hpp"
#include "abi/fs/permission.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/thread_group.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// RLIMIT_FSIZE (setrlimit(2)): no byte past it is written. A write that begins there fails and sends SIGXFSZ. Returns
// the bytes left below the limit. FBIG.
Result<u64> room_below_limit(u64 position) {
    const u64 limit = current_group().limits[RLIMIT_FSIZE].soft;
    if (position < limit)
        return limit - position;
    (void)send_sig_info(siginfo_user(SIGXFSZ, SI_USER), *current());
    return Err(Errno::FBIG);
}

Result<u32> regular_read(File& file, IovIter& to, u64& position) {
    const u32 done = TRY(read_pages(file.inode->mapping, file.read_ahead, to.left(), position,
                                    [&](const u8* from, u32, u32 count) { return to.copy_to_user(from, count); }));
    position += done;
    file.inode->atime_ns = current_time_ns();
    return done;
}

// How many bytes of a write the file's seals allow. A sealed file does not grow: of a write across its end, the pages
// are written that end inside. PERM: none. (Linux: shmem_write_begin.)
Result<u32> below_seals(const Inode& inode, u32 bytes, u64 position) {
    if ((inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0)
        return Err(Errno::PERM);
    const u64 size = inode.mapping.size;
    if ((inode.seals & F_SEAL_GROW) == 0 || position + bytes <= size)
        return bytes;
    const u64 end = size / PAGE_SIZE * PAGE_SIZE;
    if (position >= end)
        return Err(Errno::PERM);
    return static_cast<u32>(end - position);
}

// `copy` as for write_pages().
template <class Copy>
Result<u32> write_file(File& file, u32 bytes, u64& position, Copy&& copy) {
    Inode& inode = *file.inode;
    WriteGuard guard(inode.lock);
    if ((file.flags & O_APPEND) != 0)
        position = inode.mapping.size;
    if (bytes == 0)
        return 0u;
    const u64 room = TRY(room_below_limit(position));
    if (position >= FILE_SIZE_MAX)
        return Err(Errno::FBIG);
    bytes = static_cast<u32>(std::min<u64>(bytes, std::min(room, FILE_SIZE_MAX - position)));
    bytes = TRY(below_seals(inode, bytes, position));
    remove_set_ids(inode);
    const u64 old_size = inode.mapping.size;
    const auto written = write_pages(inode.mapping, bytes, position, copy);
    // If the first byte fails, its page may lie past the end of the file. Remove it.
    if (!written.ok() && position >= old_size)
        truncate_setsize(inode.mapping, inode.mapping.size);
    position += TRY(written);
    touch(inode);
    return written;
}

Result<u32> regular_write(File& file, IovIter& from, u64& position) {
    return write_file(file, from.left(), position,
                      [&](u8* to, u32, u32 count) { return from.copy_from_user(to, count); });
}

Result<u32> regular_splice_write(File& file, const void* data, u32 bytes, u64& position) {
    return write_file(file, bytes, position, copy_from_kernel(data));
}

} // namespace

constinit const FileOps regular_file_ops{
    .read_iter = regular_read,
    .write_iter = regular_write,
    .splice_write = regular_splice_write,
    .seekable = true,
};

Result<void> write_kernel(Inode& inode, const void* data, u32 bytes, u64 position) {
    if (TRY(write_pages(inode.mapping, bytes, position, copy_from_kernel(data))) != bytes)
        return Err(Errno::NOMEM);
    return {};
}

Result<u32> kernel_read(File& file, void* buffer, u32 bytes, u64 position) {
    AddressSpace* mapping = file_mapping(file);
    if (mapping == nullptr)
        return Err(Errno::INVAL);
    return read_pages(*mapping, file.read_ahead, bytes, position, [&](const u8* from, u32 at_byte, u32 count) {
        std::memcpy(static_cast<u8*>(buffer) + at_byte, from, count);
        return count;
    });
}

namespace {

Result<void> set_size(Inode& inode, u64 size, bool may_shrink) {
    if (size > FILE_SIZE_MAX)
        return Err(Errno::FBIG);
    WriteGuard guard(inode.lock);
    const u64 old_size = inode.mapping.size;
    if (size < old_size && !may_shrink)
        return {};
    if (size > old_size)
        TRY(room_below_limit(size - 1));
    if ((size < old_size && (inode.seals & F_SEAL_SHRINK) != 0) ||
        (size > old_size && (inode.seals & F_SEAL_GROW) != 0))
        return Err(Errno::PERM);
    truncate_setsize(inode.mapping, size);
    touch(inode);
    return {};
}

} // namespace

Result<void> truncate_inode(Inode& inode, u64 size) { return set_size(inode, size, true); }
Result<void> extend_inode(Inode& inode, u64 size) { return set_size(inode, size, false); }

} // namespace faultline
