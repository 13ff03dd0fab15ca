// dup(2), fcntl(2), ioctl(2): what can be done with a descriptor that is no reading or writing.
#include <asm/ioctls.h>
#include <linux/fcntl.h>

#include "abi/fs/files_private.hpp"
#include "abi/fs/locks.hpp"
#include "abi/fs/pipe.hpp"
#include "abi/fs/syscalls.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constexpr u32 SETTABLE_FLAGS = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

Result<u32> duplicate(s32 fd, u32 lowest, bool close_on_exec) {
    FileRef file(TRY(fget(fd)));
    const s32 copy = TRY(fd_install(*file, lowest, close_on_exec));
    file.release();
    return static_cast<u32>(copy);
}

// Puts `file` at exactly `fd`, closing what was there.
Result<u32> install_at(FileRef file, u32 fd, bool close_on_exec) {
    if (fd >= fd_limit())
        return Err(Errno::BADF);
    (void)close_fd(static_cast<s32>(fd));
    const s32 got = TRY(fd_install(*file, fd, close_on_exec));
    file.release();
    if (static_cast<u32>(got) == fd)
        return fd;
    // Another thread opened a file in between: dup2(2) lets that be EBUSY.
    (void)close_fd(got);
    return Err(Errno::BUSY);
}

} // namespace

Result<u32> sys_dup(s32 fd) { return duplicate(fd, 0, false); }

Result<u32> sys_dup2(s32 old_fd, s32 new_fd) {
    if (old_fd == new_fd) {
        FileRef file(TRY(fget(old_fd)));
        return static_cast<u32>(new_fd);
    }
    return sys_dup3(old_fd, new_fd, 0);
}

Result<u32> sys_dup3(s32 old_fd, s32 new_fd, u32 flags) {
    if ((flags & ~u32(O_CLOEXEC)) != 0 || old_fd == new_fd)
        return Err(Errno::INVAL);
    return install_at(FileRef(TRY(fget(old_fd))), static_cast<u32>(new_fd), (flags & O_CLOEXEC) != 0);
}

Result<u32> sys_fcntl64(s32 fd, u32 command, u32 argument) {
    FileRef file(TRY(fget(fd)));
    FilesStruct& files = *current()->files;
    if ((file->flags & O_PATH) != 0 && command != F_DUPFD && command != F_DUPFD_CLOEXEC && command != F_GETFD &&
        command != F_SETFD && command != F_GETFL)
        return Err(Errno::BADF);
    if (is_lock_command(command))
        return fcntl_lock(*file, command, UserAddr(argument));
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (argument >= fd_limit())
            return Err(Errno::INVAL);
        return duplicate(fd, argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return get_close_on_exec(files, fd) ? u32{FD_CLOEXEC} : 0u;
    case F_SETFD:
        set_close_on_exec(files, fd, (argument & FD_CLOEXEC) != 0);
        return 0u;
    case F_GETFL:
        return file->flags;
    case F_SETFL: // O_DIRECT means packets to a pipe, and to other files what none here can do
        if ((argument & ~file->flags & O_DIRECT) != 0 && file->inode->type() != S_IFIFO)
            return Err(Errno::INVAL);
        file->flags = (file->flags & ~SETTABLE_FLAGS) | (argument & SETTABLE_FLAGS);
        return 0u;
    case F_GETPIPE_SZ:
        return pipe_size(*file);
    case F_SETPIPE_SZ:
        return set_pipe_size(*file, argument);
    default:
        return Err(Errno::INVAL);
    }
}

Result<u32> sys_ioctl(s32 fd, u32 request, u32 argument) {
    FileRef file = TRY(fget_ref(fd));
    switch (request) { // those that every file knows
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
