// The checks that all kinds of files share, in Linux's order (fs/read_write.c): descriptor, mode, buffer, offset. The
// rest is in the FileOps of each kind.
#include "abi/fs/read_write.hpp"

#include <algorithm>

#include <linux/fs.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"

namespace faultline {

namespace {

constexpr u32 MAX_RW_COUNT = 0x7ffff000; // write(2), Notes
constexpr u32 IOV_MAX = 1024;            // UIO_MAXIOV
constexpr u64 OFFSET_MAX = ~u64{0} >> 1;

enum class Direction : u8 { Read, Write };

struct IoVector { // struct iovec
    UserAddr base;
    u32 bytes = 0;
};

// The file of a descriptor, if it can be used in this direction. BADF, INVAL.
Result<FileRef> file_for(s32 fd, Direction direction) {
    FileRef file = TRY(fget_ref(fd));
    const bool reading = direction == Direction::Read;
    if (!(reading ? file->readable() : file->writable()))
        return Err(Errno::BADF);
    if ((reading ? file->ops->read : file->ops->write) == nullptr)
        return Err(Errno::INVAL);
    return file;
}

Result<u32> transfer(File& file, Direction direction, UserAddr buffer, u32 bytes, u64& position) {
    bytes = std::min(bytes, MAX_RW_COUNT);
    if (!access_ok(buffer, bytes))
        return Err(Errno::FAULT);
    const auto operation = direction == Direction::Read ? file.ops->read : file.ops->write;
    return operation(file, buffer, bytes, position);
}

Result<u32> do_rw(s32 fd, Direction direction, UserAddr buffer, u32 bytes) {
    FileRef file = TRY(file_for(fd, direction));
    return transfer(*file, direction, buffer, bytes, file->position);
}

Result<FileRef> seekable_for(s32 fd, Direction direction, s64 offset) {
    if (offset < 0)
        return Err(Errno::INVAL);
    FileRef any = TRY(fget_ref(fd));
    if (!any->ops->seekable)
        return Err(Errno::SPIPE);
    return file_for(fd, direction);
}

Result<u32> do_prw(s32 fd, Direction direction, UserAddr buffer, u32 bytes, s64 offset) {
    FileRef file = TRY(seekable_for(fd, direction, offset));
    u64 position = static_cast<u64>(offset);
    return transfer(*file, direction, buffer, bytes, position);
}

// Transfers the buffers of an iovec one after the other, until one is not filled. Returns an error only if nothing was
// transferred before it.
Result<u32> transfer_vector(File& file, Direction direction, UserAddr vector, u32 count, u64& position) {
    if (count > IOV_MAX)
        return Err(Errno::INVAL);
    u32 total = 0;
    for (u32 i = 0; i < count; ++i) { // check all before using the first
        IoVector part;
        TRY_VOID(copy_struct_from_user(&part, vector + i * static_cast<u32>(sizeof part), sizeof part));
        if (part.bytes > ~u32{0} >> 1)
            return Err(Errno::INVAL);
        if (!access_ok(part.base, part.bytes))
            return Err(Errno::FAULT);
        total = std::min(total + part.bytes, MAX_RW_COUNT);
    }
    u32 done = 0;
    for (u32 i = 0; i < count && done < total; ++i) {
        IoVector part;
        TRY_VOID(copy_struct_from_user(&part, vector + i * static_cast<u32>(sizeof part), sizeof part));
        if (part.bytes == 0)
            continue;
        const u32 wanted = std::min(part.bytes, total - done);
        const auto moved = transfer(file, direction, part.base, wanted, position);
        if (!moved.ok())
            return done == 0 ? moved : Result<u32>(done);
        done += moved.value();
        if (moved.value() != wanted)
            break;
    }
    return done;
}

Result<u32> do_rwv(s32 fd, Direction direction, UserAddr vector, u32 count) {
    FileRef file = TRY(file_for(fd, direction));
    return transfer_vector(*file, direction, vector, count, file->position);
}

Result<u32> do_prwv(s32 fd, Direction direction, UserAddr vector, u32 count, s64 offset) {
    FileRef file = TRY(seekable_for(fd, direction, offset));
    u64 position = static_cast<u64>(offset);
    return transfer_vector(*file, direction, vector, count, position);
}

Result<u64> seek(s32 fd, s64 offset, u32 whence) {
    FileRef file = TRY(fget_ref(fd));
    if (whence > SEEK_MAX)
        return Err(Errno::INVAL);
    if (file->ops->noop_seek)
        return file->position;
    if (!file->ops->seekable)
        return Err(Errno::SPIPE);
    const u64 size = file->inode->mapping.size;
    u64 base = 0;
    switch (whence) {
    case SEEK_CUR:
        base = file->position;
        break;
    case SEEK_END:
        base = size;
        break;
    case SEEK_DATA: // every byte is data; the only hole is at the end
    case SEEK_HOLE:
        if (offset < 0 || static_cast<u64>(offset) >= size)
            return Err(Errno::NXIO);
        base = 0;
        offset = whence == SEEK_HOLE ? static_cast<s64>(size) : offset;
        break;
    default:
        break;
    }
    const u64 position = base + static_cast<u64>(offset);
    if (position > OFFSET_MAX)
        return Err(Errno::INVAL);
    file->position = position;
    return position;
}

} // namespace

Result<u32> sys_read(s32 fd, UserAddr buffer, u32 bytes) { return do_rw(fd, Direction::Read, buffer, bytes); }
Result<u32> sys_write(s32 fd, UserAddr buffer, u32 bytes) { return do_rw(fd, Direction::Write, buffer, bytes); }

Result<u32> sys_pread64(s32 fd, UserAddr buffer, u32 bytes, s64 offset) {
    return do_prw(fd, Direction::Read, buffer, bytes, offset);
}
Result<u32> sys_pwrite64(s32 fd, UserAddr buffer, u32 bytes, s64 offset) {
    return do_prw(fd, Direction::Write, buffer, bytes, offset);
}
Result<u32> sys_readv(s32 fd, UserAddr vector, u32 count) { return do_rwv(fd, Direction::Read, vector, count); }
Result<u32> sys_writev(s32 fd, UserAddr vector, u32 count) { return do_rwv(fd, Direction::Write, vector, count); }

Result<u32> sys_preadv(s32 fd, UserAddr vector, u32 count, u32 offset_low, u32 offset_high) {
    return do_prwv(fd, Direction::Read, vector, count, static_cast<s64>(u64{offset_high} << 32 | offset_low));
}
Result<u32> sys_pwritev(s32 fd, UserAddr vector, u32 count, u32 offset_low, u32 offset_high) {
    return do_prwv(fd, Direction::Write, vector, count, static_cast<s64>(u64{offset_high} << 32 | offset_low));
}

Result<u32> sys_lseek(s32 fd, s32 offset, u32 whence) {
    const u64 position = TRY(seek(fd, offset, whence));
    if (position > ~u32{0} >> 1)
        return Err(Errno::OVERFLOWED);
    return static_cast<u32>(position);
}

Result<u32> sys_llseek(s32 fd, u32 offset_high, u32 offset_low, UserAddr result, u32 whence) {
    const u64 position = TRY(seek(fd, static_cast<s64>(u64{offset_high} << 32 | offset_low), whence));
    TRY_VOID(copy_struct_to_user(result, &position, sizeof position));
    return 0u;
}

} // namespace faultline
