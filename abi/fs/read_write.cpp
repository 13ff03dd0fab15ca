// The checks that all kinds of files share, in Linux's order (fs/read_write.c): descriptor, mode, buffer, offset. The
// rest is in the FileOps of each kind.
#include "abi/fs/read_write.hpp"

#include <algorithm>

#include <linux/fs.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/iov_iter.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/kmalloc.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constexpr u32 MAX_RW_COUNT = 0x7ffff000; // write(2), Notes
constexpr u32 IOV_MAX = 1024;            // UIO_MAXIOV
constexpr u64 OFFSET_MAX = ~u64{0} >> 1;

enum class Direction : u8 { Read, Write };

// Whether the file can be used in this direction. BADF: it was not opened for it; INVAL: it has no such operation.
template <Direction direction>
inline Result<void> check_direction(const File& file) {
    constexpr bool reading = direction == Direction::Read;
    if (!(reading ? file.readable() : file.writable()))
        return Err(Errno::BADF);
    const FileOps& ops = *file.ops;
    if (reading ? ops.read == nullptr && ops.read_iter == nullptr : ops.write == nullptr && ops.write_iter == nullptr)
        return Err(Errno::INVAL);
    return {};
}

// One buffer, which access_ok() has passed.
template <Direction direction>
inline Result<u32> transfer(File& file, UserAddr buffer, u32 bytes, u64& position) {
    bytes = std::min(bytes, MAX_RW_COUNT);
    constexpr bool reading = direction == Direction::Read;
    if (const auto operation = reading ? file.ops->read : file.ops->write; operation != nullptr)
        return operation(file, buffer, bytes, position);
    const IoVector part{buffer, bytes};
    IovIter iter({&part, 1}, bytes);
    return (reading ? file.ops->read_iter : file.ops->write_iter)(file, iter, position);
}

// Counts a call, for /proc/PID/io. (Linux: add_rchar, inc_syscr and the like.)
template <Direction direction>
inline CountResult counted(CountResult moved) {
    Task& task = *current();
    constexpr bool reading = direction == Direction::Read;
    (reading ? task.rchar : task.wchar) += moved ? moved.value() : 0;
    ++(reading ? task.syscr : task.syscw);
    return moved;
}

// Calls transfer(file, position) with the position of the file, held.
inline CountResult at_file_position(s32 fd, auto&& transfer) {
    const FdRef file(fd);
    if (file.get() == nullptr)
        return Err(Errno::BADF);
    const PositionLocked position(*file);
    return transfer(*file, file->position);
}

// The same with a position of the caller's, which the file only has if it is seekable. INVAL, SPIPE.
inline CountResult at_position(s32 fd, s64 offset, auto&& transfer) {
    if (offset < 0)
        return Err(Errno::INVAL);
    const FdRef file(fd);
    if (file.get() == nullptr)
        return Err(Errno::BADF);
    if (!file->ops->seekable)
        return Err(Errno::SPIPE);
    u64 position = static_cast<u64>(offset);
    return transfer(*file, position);
}

template <Direction direction>
auto one_buffer(UserAddr buffer, u32 bytes) {
    return [=](File& file, u64& position) -> CountResult {
        TRY_VOID(check_direction<direction>(file));
        if (!access_ok(buffer, bytes))
            return Err(Errno::FAULT);
        return counted<direction>(transfer<direction>(file, buffer, bytes, position));
    };
}

// The buffers of readv(2) or writev(2), in kernel memory: they are checked and used as they were at one moment.
class Buffers {
  public:
    Buffers() = default;
    Buffers(const Buffers&) = delete;
    Buffers& operator=(const Buffers&) = delete;
    ~Buffers() {
        if (parts_ != few_)
            kfree(parts_);
    }

    // INVAL: too many, or one with more than 31 bits of length; FAULT, NOMEM. (Linux: import_iovec.)
    Result<void> load(UserAddr vector, u32 count) {
        if (count > IOV_MAX)
            return Err(Errno::INVAL);
        if (count > FEW)
            parts_ = static_cast<IoVector*>(kmalloc(count * u32{sizeof(IoVector)}));
        if (parts_ == nullptr)
            return Err(Errno::NOMEM);
        TRY_VOID(copy_struct_from_user(parts_, vector, count * u32{sizeof(IoVector)}));
        count_ = count;
        for (const IoVector& part : parts())
            if (part.bytes > ~u32{0} >> 1)
                return Err(Errno::INVAL);
        for (const IoVector& part : parts()) {
            if (!access_ok(part.base, part.bytes))
                return Err(Errno::FAULT);
            bytes_ += std::min(part.bytes, MAX_RW_COUNT - bytes_);
        }
        return {};
    }
    std::span<const IoVector> parts() const { return {parts_, count_}; }
    u32 bytes() const { return bytes_; } // together, at most MAX_RW_COUNT

  private:
    static constexpr u32 FEW = 8; // Linux: UIO_FASTIOV
    IoVector few_[FEW];
    IoVector* parts_ = few_;
    u32 count_ = 0, bytes_ = 0;
};

// One buffer after the other, until one is not filled. Returns an error only if nothing was transferred before it.
// (Linux: do_loop_readv_writev.)
template <Direction direction>
Result<u32> transfer_each(File& file, const Buffers& buffers, u64& position) {
    u32 done = 0;
    for (const IoVector& part : buffers.parts()) {
        const u32 wanted = std::min(part.bytes, buffers.bytes() - done);
        if (wanted == 0)
            continue;
        const auto moved = transfer<direction>(file, part.base, wanted, position);
        if (!moved.ok())
            return done == 0 ? moved : Result<u32>(done);
        done += moved.value();
        if (moved.value() != wanted || fatal_signal_pending())
            break;
        cond_resched();
    }
    return done;
}

template <Direction direction>
auto several_buffers(UserAddr vector, u32 count) {
    return [=](File& file, u64& position) -> CountResult {
        Buffers buffers;
        TRY_VOID(buffers.load(vector, count));
        TRY_VOID(check_direction<direction>(file));
        if (buffers.bytes() == 0)
            return 0u;
        const auto operation = direction == Direction::Read ? file.ops->read_iter : file.ops->write_iter;
        if (operation == nullptr)
            return counted<direction>(transfer_each<direction>(file, buffers, position));
        IovIter iter(buffers.parts(), buffers.bytes());
        return counted<direction>(operation(file, iter, position));
    };
}

Result<u64> seek(s32 fd, s64 offset, u32 whence) {
    const FdRef file(fd);
    if (file.get() == nullptr)
        return Err(Errno::BADF);
    if (whence > SEEK_MAX)
        return Err(Errno::INVAL);
    if (file->ops->noop_seek)
        return file->position;
    if (!file->ops->seekable)
        return Err(Errno::SPIPE);
    const PositionLocked held(*file);
    const u64 size = file->mapping->size;
    const bool of_fixed_size = file->inode->type() == S_IFBLK;
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
    if (position > OFFSET_MAX || (of_fixed_size && position > size)) // Linux: fixed_size_llseek
        return Err(Errno::INVAL);
    file->position = position;
    return position;
}

} // namespace

CountResult sys_read(s32 fd, UserAddr buffer, u32 bytes) {
    return at_file_position(fd, one_buffer<Direction::Read>(buffer, bytes));
}
CountResult sys_write(s32 fd, UserAddr buffer, u32 bytes) {
    return at_file_position(fd, one_buffer<Direction::Write>(buffer, bytes));
}
CountResult sys_pread64(s32 fd, UserAddr buffer, u32 bytes, s64 offset) {
    return at_position(fd, offset, one_buffer<Direction::Read>(buffer, bytes));
}
CountResult sys_pwrite64(s32 fd, UserAddr buffer, u32 bytes, s64 offset) {
    return at_position(fd, offset, one_buffer<Direction::Write>(buffer, bytes));
}
CountResult sys_readv(s32 fd, UserAddr vector, u32 count) {
    return at_file_position(fd, several_buffers<Direction::Read>(vector, count));
}
CountResult sys_writev(s32 fd, UserAddr vector, u32 count) {
    return at_file_position(fd, several_buffers<Direction::Write>(vector, count));
}

CountResult sys_preadv(s32 fd, UserAddr vector, u32 count, u32 offset_low, u32 offset_high) {
    return at_position(fd, static_cast<s64>(u64{offset_high} << 32 | offset_low),
                       several_buffers<Direction::Read>(vector, count));
}
CountResult sys_pwritev(s32 fd, UserAddr vector, u32 count, u32 offset_low, u32 offset_high) {
    return at_position(fd, static_cast<s64>(u64{offset_high} << 32 | offset_low),
                       several_buffers<Direction::Write>(vector, count));
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
