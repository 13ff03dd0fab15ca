// The requests that every file knows; FileOps::ioctl serves the others.
#include "abi/fs/ioctl.hpp"

#include <asm/ioctls.h>
#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

Result<u32> sys_ioctl(s32 fd, u32 request, u32 argument) {
    FileRef file = TRY(fget_ref(fd));
    switch (request) {
    case FIOCLEX:
        set_close_on_exec(*current()->files, fd, true);
        return 0u;
    case FIONCLEX:
        set_close_on_exec(*current()->files, fd, false);
        return 0u;
    case FIONBIO: {
        const u32 on = TRY(get_user_u32(UserAddr(argument)));
        file->flags = on != 0 ? file->flags | O_NONBLOCK : file->flags & ~u32(O_NONBLOCK);
        return 0u;
    }
    default:
        break;
    }
    if (request == FIONREAD && file->inode->is_regular()) {
        const u64 size = file->inode->mapping.size;
        TRY_VOID(put_user_u32(UserAddr(argument), static_cast<u32>(size > file->position ? size - file->position : 0)));
        return 0u;
    }
    if (file->ops->ioctl == nullptr)
        return Err(Errno::NOTTY);
    return static_cast<u32>(TRY(file->ops->ioctl(*file, request, argument)));
}

} // namespace faultline
