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

// Moves up to `count` bytes through one page of kernel memory at a time.
Result<u32> copy_through(File& in, File& out, u32 count, u64& position) {
    u8* page = static_cast<u8*>(kmalloc(PAGE_SIZE));
    if (page == nullptr)
        return Err(Errno::NOMEM);
    Result<u32> result = 0u;
    u32 done = 0;
    while (done < count) {
        const auto got = read_kernel(*in.inode, page, std::min(count - done, PAGE_SIZE), position);
        if (!got.ok() || got.value() == 0) {
            result = got;
            break;
        }
        result = out.ops->splice_write(out, page, got.value(), out.position);
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
    if (user_offset == UserAddr())
        return copy_through(*in, *out, count, in->position);
    Offset offset = 0;
    TRY_VOID(copy_struct_from_user(&offset, user_offset, sizeof offset));
    if (offset < 0)
        return Err(Errno::INVAL);
    u64 position = static_cast<u64>(offset);
    const auto moved = copy_through(*in, *out, count, position);
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
