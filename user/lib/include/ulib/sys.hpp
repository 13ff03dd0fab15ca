// The system calls that the programs here use, by Linux's names. Each returns a value or −errno. Arguments and rules
// are those of the man page (section 2); comments name only what differs in the ARM EABI.
#pragma once

#include <cstdint>

#include <asm/fcntl.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/time_types.h>
#include <linux/wait.h>

#include <ulib/system_call.hpp>

namespace faultline {

// Files.
inline long sys_open(const char* path, int flags, unsigned mode = 0) {
    return system_call(__NR_open, path, flags, mode);
}
inline long sys_sync() { return system_call(__NR_sync); }
inline long sys_close(int fd) { return system_call(__NR_close, fd); }
inline long sys_read(int fd, void* buffer, std::size_t size) { return system_call(__NR_read, fd, buffer, size); }
inline long sys_write(int fd, const void* data, std::size_t size) { return system_call(__NR_write, fd, data, size); }
// A 64-bit argument takes an even register and the next one, so r3 stays empty (AAPCS32 §6.5).
inline long sys_pread(int fd, void* buffer, std::size_t size, std::uint64_t offset) {
    return system_call(__NR_pread64, fd, buffer, size, 0, static_cast<long>(offset & 0xffffffff),
                       static_cast<long>(offset >> 32));
}
inline long sys_pwrite(int fd, const void* data, std::size_t size, std::uint64_t offset) {
    return system_call(__NR_pwrite64, fd, data, size, 0, static_cast<long>(offset & 0xffffffff),
                       static_cast<long>(offset >> 32));
}
inline long sys_fsync(int fd) { return system_call(__NR_fsync, fd); }
inline long sys_lseek(int fd, long offset, int whence) { return system_call(__NR_lseek, fd, offset, whence); }
inline long sys_ftruncate(int fd, unsigned long size) { return system_call(__NR_ftruncate, fd, size); }
inline long sys_unlink(const char* path) { return system_call(__NR_unlink, path); }
inline long sys_pipe(int (&ends)[2]) { return system_call(__NR_pipe2, ends, 0); }
inline long sys_memfd_create(const char* name, unsigned flags = 0) {
    return system_call(__NR_memfd_create, name, flags);
}
inline long sys_mount(const char* source, const char* target, const char* type) {
    return system_call(__NR_mount, source, target, type, 0, nullptr);
}

// Memory. ARM has mmap2 only; its offset is in pages of 4096 bytes.
inline long sys_mmap2(void* address, std::size_t size, int protection, int flags, int fd, unsigned long page_offset) {
    return system_call(__NR_mmap2, address, size, protection, flags, fd, page_offset);
}
inline long sys_munmap(void* address, std::size_t size) { return system_call(__NR_munmap, address, size); }
inline long sys_mprotect(void* address, std::size_t size, int protection) {
    return system_call(__NR_mprotect, address, size, protection);
}
inline long sys_madvise(void* address, std::size_t size, int advice) {
    return system_call(__NR_madvise, address, size, advice);
}
inline long sys_msync(void* address, std::size_t size, int flags) {
    return system_call(__NR_msync, address, size, flags);
}
inline long sys_mincore(void* address, std::size_t size, unsigned char* resident) {
    return system_call(__NR_mincore, address, size, resident);
}
inline long sys_swapon(const char* path, int flags) { return system_call(__NR_swapon, path, flags); }
inline long sys_swapoff(const char* path) { return system_call(__NR_swapoff, path); }
inline long sys_brk(void* end) { return system_call(__NR_brk, end); }

// Processes and threads.
inline long sys_fork() { return system_call(__NR_fork); }
inline long sys_execve(const char* path, char* const* argv, char* const* envp) {
    return system_call(__NR_execve, path, argv, envp);
}
[[noreturn]] inline void sys_exit_group(int status) {
    for (;;)
        system_call(__NR_exit_group, status);
}
[[noreturn]] inline void sys_exit(int status) { // ends this thread only
    for (;;)
        system_call(__NR_exit, status);
}
inline long sys_wait4(int pid, int* status, int options = 0) {
    return system_call(__NR_wait4, pid, status, options, nullptr);
}
inline long sys_getpid() { return system_call(__NR_getpid); }
inline long sys_gettid() { return system_call(__NR_gettid); }
inline long sys_kill(int pid, int signal) { return system_call(__NR_kill, pid, signal); }
inline long sys_tgkill(int pid, int tid, int signal) { return system_call(__NR_tgkill, pid, tid, signal); }
inline long sys_sched_yield() { return system_call(__NR_sched_yield); }
inline long sys_pause() { return system_call(__NR_pause); }
inline long sys_set_tls(void* block) { return system_call(0x0f0005, block); } // __ARM_NR_set_tls

// Time.
inline long sys_clock_gettime(int clock, __kernel_timespec* now) {
    return system_call(__NR_clock_gettime64, clock, now);
}
inline long sys_nanosleep(long seconds, long nanoseconds) {
    const __kernel_old_timespec length{seconds, nanoseconds};
    return system_call(__NR_nanosleep, &length, nullptr);
}

// How to read a status from wait4; wait(2) names these WIFEXITED, WEXITSTATUS and WTERMSIG.
constexpr bool exited(int status) { return (status & 0x7f) == 0; }
constexpr int exit_status(int status) { return (status >> 8) & 0xff; }
constexpr int term_signal(int status) { return status & 0x7f; }
// As a shell gives it: the exit status, or 128 + n for death by signal n.
constexpr int shell_status(int status) { return exited(status) ? exit_status(status) : 128 + term_signal(status); }

// Minor faults of the calling process so far (getrusage, ru_minflt), or −errno.
long minor_faults();

struct FileStatus {
    unsigned mode;
    unsigned long long size;
};
// fstat64; 0 or −errno.
long file_status(int fd, FileStatus& status);

} // namespace faultline
