// fcntl(2), a case for each command. locks.cpp has the locks, memfd.cpp the seals, pipe_size.cpp the sizes of pipes.
#include "abi/fs/fcntl.hpp"

#include <linux/fcntl.h>

#include "abi/fs/dup.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/locks.hpp"
#include "abi/fs/memfd.hpp"
#include "abi/fs/pipe.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constexpr u32 SETTABLE_FLAGS = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

} // namespace

Result<u32> sys_fcntl64(s32 fd, u32 command, u32 argument) {
    FileRef file(TRY(fget(fd)));
    FilesStruct& files = *current()->files;
    if ((file->flags & O_PATH) != 0 && command != F_DUPFD && command != F_DUPFD_CLOEXEC && command != F_GETFD &&
        command != F_SETFD && command != F_GETFL)
        return Err(Errno::BADF);
    if (is_lock_command(command))
        return fcntl_lock(*file, fd, command, UserAddr(argument));
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
    // For a pipe, O_DIRECT means packet mode. No other file here supports it.
    case F_SETFL:
        if ((argument & ~file->flags & O_DIRECT) != 0 && file->inode->type() != S_IFIFO)
            return Err(Errno::INVAL);
        file->flags = (file->flags & ~SETTABLE_FLAGS) | (argument & SETTABLE_FLAGS);
        return 0u;
    case F_GETPIPE_SZ:
        return pipe_size(*file);
    case F_SETPIPE_SZ:
        return set_pipe_size(*file, argument);
    case F_GET_SEALS:
        return get_seals(*file);
    case F_ADD_SEALS:
        return add_seals(*file, argument);
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
