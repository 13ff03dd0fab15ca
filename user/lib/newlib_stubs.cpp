// The functions that newlib expects from its host ("System Calls" in its manual). Each makes a system call and sets
// errno in newlib's numbers.
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>

#include <ulib/sys.hpp>

#include "numbers.hpp"

extern "C" int* __errno();

namespace faultline {

namespace {

// Returns a good result as it is; for an error sets errno and returns −1.
long report(long result) {
    if (!is_error(result))
        return result;
    *__errno() = -static_cast<int>(result);
    for (int i = 0; i < ERROR_COUNT; ++i)
        if (linux_errors[i] == -result)
            *__errno() = newlib_errors[i];
    return -1;
}

} // namespace

extern "C" {

[[noreturn]] void _exit(int status) { sys_exit_group(status); }

int _read(int fd, void* buffer, std::size_t size) { return static_cast<int>(report(sys_read(fd, buffer, size))); }
int _write(int fd, const void* data, std::size_t size) { return static_cast<int>(report(sys_write(fd, data, size))); }
int _close(int fd) { return static_cast<int>(report(sys_close(fd))); }
int _lseek(int fd, int offset, int whence) { return static_cast<int>(report(sys_lseek(fd, offset, whence))); }
int _unlink(const char* path) { return static_cast<int>(report(sys_unlink(path))); }

int _open(const char* path, int flags, int mode) {
    int linux = flags & O_ACCMODE; // 0, 1, 2 on both sides
    for (int i = 0; i < FLAG_COUNT; ++i)
        if (flags & newlib_flags[i])
            linux |= linux_flags[i];
    return static_cast<int>(report(sys_open(path, linux, static_cast<unsigned>(mode))));
}

int _fstat(int fd, struct stat* answer) {
    FileStatus status{};
    const long result = report(file_status(fd, status));
    if (result == 0) {
        *answer = {};
        answer->st_mode = status.mode; // the S_IF… bits are the same on both sides
        answer->st_size = static_cast<off_t>(status.size);
        answer->st_blksize = static_cast<blksize_t>(PAGE_SIZE);
    }
    return static_cast<int>(result);
}

int _isatty(int fd) {
    unsigned char settings[64]; // struct termios is smaller
    return system_call(__NR_ioctl, fd, 0x5401 /* TCGETS, <asm-generic/ioctls.h> */, settings) == 0;
}

int _kill(int pid, int signal) { return static_cast<int>(report(sys_kill(pid, signal))); }
int _getpid() { return static_cast<int>(sys_getpid()); }

void* _sbrk(std::ptrdiff_t bytes) {
    static char* end = reinterpret_cast<char*>(sys_brk(nullptr));
    char* const old = end;
    char* const wanted = old + bytes;
    if (reinterpret_cast<char*>(sys_brk(wanted)) != wanted) { // brk(2): on failure the kernel returns the old end
        report(-ENOMEM);
        return reinterpret_cast<void*>(-1);
    }
    end = wanted;
    return old;
}

int _gettimeofday(struct timeval* now, void*) {
    __kernel_timespec time{};
    const long result = report(sys_clock_gettime(0 /* CLOCK_REALTIME */, &time));
    now->tv_sec = static_cast<time_t>(time.tv_sec);
    now->tv_usec = static_cast<suseconds_t>(time.tv_nsec / 1000);
    return static_cast<int>(result);
}

clock_t _times(struct tms* times) { return static_cast<clock_t>(report(system_call(__NR_times, times))); }

int _fork() { return static_cast<int>(report(sys_fork())); }
int _wait(int* status) { return static_cast<int>(report(sys_wait4(-1, status))); }
int _execve(const char* path, char* const* argv, char* const* envp) {
    return static_cast<int>(report(sys_execve(path, argv, envp)));
}

} // extern "C"

} // namespace faultline
