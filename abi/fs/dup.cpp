// dup(2) takes the lowest free descriptor, dup2() and dup3() the one that the caller names.
#include "abi/fs/dup.hpp"

#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

Result<u32> duplicate(s32 fd, u32 lowest, bool close_on_exec) {
    FileRef file(TRY(fget(fd)));
    const s32 copy = TRY(fd_install(*file, lowest, close_on_exec));
    file.release();
    return static_cast<u32>(copy);
}

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
    return fd_replace(FileRef(TRY(fget(old_fd))), static_cast<u32>(new_fd), (flags & O_CLOEXEC) != 0);
}

} // namespace faultline
