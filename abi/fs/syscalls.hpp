// The file system calls, as the dispatcher calls them: arguments as the program gave them, 64-bit ones
// assembled, results and errors as the man pages of the names say. Caller: current, with no lock held; all
// may sleep.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// open.cpp
Result<u32> sys_open(UserAddr path, u32 flags, u32 mode);
Result<u32> sys_openat(s32 dirfd, UserAddr path, u32 flags, u32 mode);
Result<u32> sys_creat(UserAddr path, u32 mode);
Result<u32> sys_close(s32 fd);
Result<u32> sys_close_range(u32 first, u32 last, u32 flags);
Result<u32> sys_memfd_create(UserAddr name, u32 flags);
Result<u32> sys_pipe(UserAddr fds);
Result<u32> sys_pipe2(UserAddr fds, u32 flags);

// read_write.cpp
Result<u32> sys_read(s32 fd, UserAddr buffer, u32 bytes);
Result<u32> sys_write(s32 fd, UserAddr buffer, u32 bytes);
Result<u32> sys_pread64(s32 fd, UserAddr buffer, u32 bytes, s64 offset);
Result<u32> sys_pwrite64(s32 fd, UserAddr buffer, u32 bytes, s64 offset);
Result<u32> sys_readv(s32 fd, UserAddr vector, u32 count);
Result<u32> sys_writev(s32 fd, UserAddr vector, u32 count);
Result<u32> sys_preadv(s32 fd, UserAddr vector, u32 count, u32 offset_low,
                       u32 offset_high); // preadv(2): no 64-bit pair
Result<u32> sys_pwritev(s32 fd, UserAddr vector, u32 count, u32 offset_low, u32 offset_high);
Result<u32> sys_lseek(s32 fd, s32 offset, u32 whence);
Result<u32> sys_llseek(s32 fd, u32 offset_high, u32 offset_low, UserAddr result, u32 whence);

// sendfile.cpp
Result<u32> sys_sendfile(s32 out_fd, s32 in_fd, UserAddr offset, u32 count);   // 32-bit offset
Result<u32> sys_sendfile64(s32 out_fd, s32 in_fd, UserAddr offset, u32 count); // 64-bit

// truncate.cpp
Result<u32> sys_ftruncate(s32 fd, u32 length);
Result<u32> sys_ftruncate64(s32 fd, s64 length);
Result<u32> sys_truncate(UserAddr path, u32 length);
Result<u32> sys_truncate64(UserAddr path, s64 length);
Result<u32> sys_fallocate(s32 fd, u32 mode, s64 offset, s64 length);
Result<u32> sys_fsync(s32 fd); // and fdatasync
Result<u32> sys_sync();

// fcntl.cpp
Result<u32> sys_dup(s32 fd);
Result<u32> sys_dup2(s32 old_fd, s32 new_fd);
Result<u32> sys_dup3(s32 old_fd, s32 new_fd, u32 flags);
Result<u32> sys_fcntl64(s32 fd, u32 command, u32 argument);
Result<u32> sys_ioctl(s32 fd, u32 request, u32 argument);

// locks.cpp
Result<u32> sys_flock(s32 fd, u32 operation);

// stat.cpp
Result<u32> sys_stat64(UserAddr path, UserAddr buffer);
Result<u32> sys_lstat64(UserAddr path, UserAddr buffer);
Result<u32> sys_fstat64(s32 fd, UserAddr buffer);
Result<u32> sys_fstatat64(s32 dirfd, UserAddr path, UserAddr buffer, u32 flags);
Result<u32> sys_statx(s32 dirfd, UserAddr path, u32 flags, u32 mask, UserAddr buffer);
Result<u32> sys_statfs64(UserAddr path, u32 size, UserAddr buffer);
Result<u32> sys_fstatfs64(s32 fd, u32 size, UserAddr buffer);
Result<u32> sys_access(UserAddr path, u32 mode);
Result<u32> sys_faccessat(s32 dirfd, UserAddr path, u32 mode);
Result<u32> sys_faccessat2(s32 dirfd, UserAddr path, u32 mode, u32 flags);
Result<u32> sys_readlink(UserAddr path, UserAddr buffer, u32 size);
Result<u32> sys_readlinkat(s32 dirfd, UserAddr path, UserAddr buffer, u32 size);

// attributes.cpp
Result<u32> sys_chmod(UserAddr path, u32 mode);
Result<u32> sys_fchmod(s32 fd, u32 mode);
Result<u32> sys_fchmodat(s32 dirfd, UserAddr path, u32 mode);
Result<u32> sys_chown32(UserAddr path, u32 uid, u32 gid);
Result<u32> sys_lchown32(UserAddr path, u32 uid, u32 gid);
Result<u32> sys_fchown32(s32 fd, u32 uid, u32 gid);
Result<u32> sys_fchownat(s32 dirfd, UserAddr path, u32 uid, u32 gid, u32 flags);
Result<u32> sys_utimensat(s32 dirfd, UserAddr path, UserAddr times, u32 flags);        // two times of 32-bit seconds
Result<u32> sys_utimensat_time64(s32 dirfd, UserAddr path, UserAddr times, u32 flags); // of 64-bit seconds
Result<u32> sys_umask(u32 mask);

// directory.cpp
Result<u32> sys_getdents64(s32 fd, UserAddr buffer, u32 bytes);
Result<u32> sys_getcwd(UserAddr buffer, u32 size);
Result<u32> sys_chdir(UserAddr path);
Result<u32> sys_fchdir(s32 fd);
Result<u32> sys_mkdir(UserAddr path, u32 mode);
Result<u32> sys_mkdirat(s32 dirfd, UserAddr path, u32 mode);
Result<u32> sys_rmdir(UserAddr path);
Result<u32> sys_unlink(UserAddr path);
Result<u32> sys_unlinkat(s32 dirfd, UserAddr path, u32 flags);

// rename.cpp
Result<u32> sys_rename(UserAddr old_path, UserAddr new_path);
Result<u32> sys_renameat(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path);
Result<u32> sys_renameat2(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path, u32 flags);
Result<u32> sys_link(UserAddr old_path, UserAddr new_path);
Result<u32> sys_linkat(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path, u32 flags);
Result<u32> sys_symlink(UserAddr target, UserAddr path);
Result<u32> sys_symlinkat(UserAddr target, s32 dirfd, UserAddr path);
Result<u32> sys_mknod(UserAddr path, u32 mode, u32 device);
Result<u32> sys_mknodat(s32 dirfd, UserAddr path, u32 mode, u32 device);

// mount.cpp
Result<u32> sys_mount(UserAddr source, UserAddr target, UserAddr type, u32 flags, UserAddr data);
Result<u32> sys_umount2(UserAddr target, u32 flags);

// poll.cpp
Result<u32> sys_poll(UserAddr fds, u32 count, s32 timeout_ms);
Result<u32> sys_ppoll(UserAddr fds, u32 count, UserAddr timeout, UserAddr sigmask,
                      u32 sigset_bytes); // 32-bit seconds
Result<u32> sys_ppoll_time64(UserAddr fds, u32 count, UserAddr timeout, UserAddr sigmask,
                             u32 sigset_bytes); // 64-bit

// select.cpp; `sigmask` points to the address and the size of a signal mask (select(2), Notes)
Result<u32> sys_select(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set,
                       UserAddr timeval); // _newselect
Result<u32> sys_pselect6(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeout,
                         UserAddr sigmask);
Result<u32> sys_pselect6_time64(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeout,
                                UserAddr sigmask);

} // namespace faultline
