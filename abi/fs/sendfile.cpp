// From the page cache of a file to another file. The data does not pass through the program.
#include "abi/fs/sendfile.hpp"

#include <algorithm>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/regular.hpp"
#include "kernel/upcalls.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// Moves up to `count` bytes through one page of kernel memory at a time. Advances both positions.
Result<u32> copy_through(File& in, File& out, u32 count, u64& position, u64& out_position) {
    u8* page = static_cast<u8*>(kmalloc(PAGE_SIZE));
    if (page == nullptr)
        return Err(Errno::NOMEM);
    Result<u32> result = 0u;
    u32 done = 0;
    while (done < count) {
        const auto got = kernel_read(in, page, std::min(count - done, PAGE_SIZE), position);
        if (!got.ok() || got.value() == 0) {
            result = got;
            break;
        }
        result = out.ops->splice_write(out, page, got.value(), out_position);
        if (!result.ok())
            break;
        done += result.value();
        position += result.value();
        if (result.value() != got.value())
            break;
        if (done < count && signal_pending()) // Linux: splice_from_pipe_next
            break;
        cond_resched();
    }
    kfree(page);
    return done == 0 ? result : Result<u32>(done);
}

template <class Offset>
Result<u32> do_sendfile(s32 out_fd, s32 in_fd, UserAddr user_offset, u32 count) {
    FileRef in = TRY(fget_ref(in_fd));
    FileRef out = TRY(fget_ref(out_fd));
    if (!in->readable() || !out->writable())
        return Err(Errno::BADF);
    if (file_mapping(*in) == nullptr || out->ops->splice_write == nullptr)
        return Err(Errno::INVAL);
    // A pipe or socket may make this call wait for long; then others may use the position of `in` meanwhile, and the
    // call sets it when it ends, as on Linux, which never holds it here.
    const bool waits = !out->has_atomic_position();
    const PositionLocked held(waits ? nullptr : out.get(), waits || user_offset != UserAddr() ? nullptr : in.get());
    u64 out_position = out->position;
    if (user_offset == UserAddr()) {
        u64 in_position = in->position;
        const auto moved = copy_through(*in, *out, count, in_position, out_position);
        if (moved.ok()) {
            out->position = out_position;
            in->position = in_position;
        }
        return moved;
    }
    Offset offset = 0;
    TRY_VOID(copy_struct_from_user(&offset, user_offset, sizeof offset));
    if (offset < 0)
        return Err(Errno::INVAL);
    u64 position = static_cast<u64>(offset);
    const auto moved = copy_through(*in, *out, count, position, out_position);
    if (moved.ok())
        out->position = out_position;
    offset = static_cast<Offset>(position);
    TRY_VOID(copy_struct_to_user(user_offset, &offset, sizeof offset));
    return moved;
}

} // namespace

Result<u32> sys_sendfile(s32 out_fd, s32 in_fd, UserAddr offset, u32 count) {
    return do_sendfile<s32>(out_fd, in_fd, offset, count);
}
Result<u32> sys_sendfile64(s32 out_fd, s32 in_fd, UserAddr offset, u32 count) {
    return do_sendfile<s64>(out_fd, in_fd, offset, count);
}

} // namespace faultline
