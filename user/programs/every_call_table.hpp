// The system calls that Faultline serves, each with arguments that make sense: what every_call.cpp spoils one
// at a time. docs/system-calls.md says what each is good for.
//
// One letter for each argument:
//   0 1 k  the numbers 0, 1 and −1         s  8, the size of a signal set   z  64 bytes     g  a page's size
//   f  a file, open for both               d  a directory                   c  AT_FDCWD
//   r w  the ends of an empty pipe         p  the file's name               q  a name that is free
//   D  a directory's name                  y  "tmpfs"
//   b  a zeroed buffer               m  mapped pages of its own
//   v  an iovec of that buffer             a  a list of strings, as argv    i  its process id
//   t  its thread id                       n  a signal that does nothing by default
// A last `~` means that the call may wait for ever, with the arguments as given or with spoiled ones.
#pragma once

#include <asm/unistd.h>

namespace faultline {

struct Call {
    int number;
    const char* name;
    const char* arguments;
};

#define CALL(name, arguments)                                                                                \
    { __NR_##name, #name, arguments }

inline constexpr Call calls[] = {
    // processes
    CALL(fork, ""),
    CALL(vfork, ""),
    CALL(clone, "00000~"),
    CALL(clone3, "bz~"),
    CALL(execve, "paa"),
    CALL(execveat, "cpaa0"),
    CALL(exit, "0"),
    CALL(exit_group, "0"),
    CALL(wait4, "kb1b~"),
    CALL(waitid, "0ibnb~"),
    CALL(set_tid_address, "b"),
    CALL(getpid, ""),
    CALL(gettid, ""),
    CALL(getppid, ""),
    CALL(getpgid, "0"),
    CALL(setpgid, "00"),
    CALL(getpgrp, ""),
    CALL(getsid, "0"),
    CALL(setsid, ""),
    CALL(prctl, "1b000"),
    CALL(pidfd_open, "i0"),
    CALL(pidfd_send_signal, "fn00"),
    CALL(membarrier, "000"),

    // users and groups
    CALL(getuid, ""),
    CALL(getuid32, ""),
    CALL(geteuid, ""),
    CALL(geteuid32, ""),
    CALL(getgid, ""),
    CALL(getgid32, ""),
    CALL(getegid, ""),
    CALL(getegid32, ""),
    CALL(setuid32, "0"),
    CALL(setgid32, "0"),
    CALL(setreuid32, "kk"),
    CALL(setregid32, "kk"),
    CALL(setresuid32, "kkk"),
    CALL(setresgid32, "kkk"),
    CALL(getresuid32, "bbb"),
    CALL(getresgid32, "bbb"),
    CALL(setfsuid32, "0"),
    CALL(setfsgid32, "0"),
    CALL(getgroups32, "sb"),
    CALL(setgroups32, "1b"),
    CALL(capget, "bb"),
    CALL(capset, "bb"),

    // signals
    CALL(restart_syscall, ""),
    CALL(kill, "in"),
    CALL(tkill, "tn"),
    CALL(tgkill, "itn"),
    CALL(rt_sigqueueinfo, "inb"),
    CALL(rt_tgsigqueueinfo, "itnb"),
    CALL(rt_sigaction, "nbbs"),
    CALL(rt_sigprocmask, "0bbs"),
    CALL(rt_sigpending, "bs"),
    CALL(rt_sigsuspend, "bs~"),
    CALL(rt_sigtimedwait, "bbbs~"),
    CALL(rt_sigtimedwait_time64, "bbbs~"),
    CALL(sigaltstack, "bb"),
    CALL(pause, "~"),
    CALL(sigreturn, ""),
    CALL(rt_sigreturn, ""),
    CALL(sigaction, "nbb"),
    CALL(sigprocmask, "0bb"),
    CALL(sigpending, "b"),
    CALL(sigsuspend, "000~"),

    // memory
    CALL(brk, "0"),
    CALL(mmap2, "mg1nf0"),
    CALL(munmap, "mg"),
    CALL(mprotect, "mg1"),
    CALL(mremap, "mgg10"),
    CALL(madvise, "mg0"),
    CALL(msync, "mg0"),
    CALL(mincore, "mgb"),
    CALL(mlock, "mg"),
    CALL(munlock, "mg"),
    CALL(mlock2, "mg0"),
    CALL(mlockall, "1"),
    CALL(process_mrelease, "f0"),
    CALL(munlockall, ""),
    CALL(shmget, "0g0"),
    CALL(shmat, "000"),
    CALL(shmdt, "m"),
    CALL(shmctl, "00b"),
    CALL(semget, "010"),
    CALL(semop, "0b1~"),
    CALL(semtimedop, "0b1b~"),
    CALL(semtimedop_time64, "0b1b~"),
    CALL(semctl, "000b"),

    // futexes
    CALL(futex, "b00b00~"),
    CALL(futex_time64, "b00b00~"),
    CALL(futex_waitv, "b10b0~"),
    CALL(set_robust_list, "b0"),
    CALL(get_robust_list, "0bb"),

    // time
    CALL(clock_gettime, "0b"),
    CALL(clock_gettime64, "0b"),
    CALL(clock_settime, "0b"),
    CALL(clock_settime64, "0b"),
    CALL(clock_getres, "0b"),
    CALL(clock_getres_time64, "0b"),
    CALL(clock_nanosleep, "00bb~"),
    CALL(clock_nanosleep_time64, "00bb~"),
    CALL(nanosleep, "bb~"),
    CALL(gettimeofday, "bb"),
    CALL(settimeofday, "bb"),
    CALL(setitimer, "0bb"),
    CALL(getitimer, "0b"),
    CALL(times, "b"),
    CALL(timer_create, "0bb"),
    CALL(timer_settime, "00bb"),
    CALL(timer_settime64, "00bb"),
    CALL(timer_gettime, "0b"),
    CALL(timer_gettime64, "0b"),
    CALL(timer_getoverrun, "0"),
    CALL(timer_delete, "0"),

    // scheduling
    CALL(sched_yield, ""),
    CALL(sched_setscheduler, "00b"),
    CALL(sched_getscheduler, "0"),
    CALL(sched_setparam, "0b"),
    CALL(sched_getparam, "0b"),
    CALL(sched_get_priority_max, "1"),
    CALL(sched_get_priority_min, "1"),
    CALL(sched_rr_get_interval, "0b"),
    CALL(sched_rr_get_interval_time64, "0b"),
    CALL(sched_setaffinity, "0sb"),
    CALL(sched_getaffinity, "0sb"),
    CALL(getcpu, "bb"),
    CALL(sched_setattr, "0b0"),
    CALL(sched_getattr, "0bz0"),
    CALL(nice, "0"),
    CALL(getpriority, "00"),
    CALL(setpriority, "000"),

    // the system
    CALL(uname, "b"),
    CALL(sethostname, "b1"),
    CALL(setdomainname, "b1"),
    CALL(personality, "0"),
    CALL(sysinfo, "b"),
    CALL(reboot, "000b"),
    CALL(getrandom, "bz0"),
    CALL(getrusage, "0b"),
    CALL(ugetrlimit, "0b"),
    CALL(setrlimit, "0b"),
    CALL(prlimit64, "00bb"),

    // open files
    CALL(open, "p00"),
    CALL(openat, "cp00"),
    CALL(creat, "q0"),
    CALL(close, "f"),
    CALL(close_range, "ff0"),
    CALL(memfd_create, "p0"),
    CALL(pipe, "b"),
    CALL(pipe2, "b0"),
    CALL(socketpair, "110b"),
    CALL(dup, "f"),
    CALL(dup2, "fr"),
    CALL(dup3, "fr0"),
    CALL(fcntl, "f1b~"),
    CALL(fcntl64, "f1b~"),
    CALL(ioctl, "f0b"),
    CALL(poll, "b10~"),
    CALL(ppoll, "b1bbs~"),
    CALL(ppoll_time64, "b1bbs~"),
    CALL(_newselect, "1bbbb~"),
    CALL(pselect6, "1bbbbb~"),
    CALL(pselect6_time64, "1bbbbb~"),

    // reading and writing
    CALL(read, "fbz~"),
    CALL(write, "wbz~"),
    CALL(pread64, "fbz000"),
    CALL(pwrite64, "fbz000"),
    CALL(readv, "fv1~"),
    CALL(writev, "wv1~"),
    CALL(preadv, "fv100"),
    CALL(pwritev, "fv100"),
    CALL(lseek, "f00"),
    CALL(_llseek, "f00b0"),
    CALL(ftruncate, "f0"),
    CALL(ftruncate64, "f000"),
    CALL(truncate, "p0"),
    CALL(truncate64, "p000"),
    CALL(fallocate, "f00010"),
    CALL(arm_fadvise64_64, "f00000"),
    CALL(flock, "f1"),
    CALL(fsync, "f"),
    CALL(fdatasync, "f"),
    CALL(sync, ""),
    CALL(sendfile, "wfbz~"),
    CALL(sendfile64, "wfbz~"),

    // what a file is
    CALL(stat64, "pb"),
    CALL(lstat64, "pb"),
    CALL(fstat64, "fb"),
    CALL(fstatat64, "cpb0"),
    CALL(statx, "cp00b"),
    CALL(statfs64, "pzb"),
    CALL(fstatfs64, "fzb"),
    CALL(access, "p0"),
    CALL(faccessat, "cp0"),
    CALL(faccessat2, "cp00"),
    CALL(readlink, "pbz"),
    CALL(readlinkat, "cpbz"),
    CALL(chmod, "p0"),
    CALL(fchmod, "f0"),
    CALL(fchmodat, "cp0"),
    CALL(chown32, "pkk"),
    CALL(lchown32, "pkk"),
    CALL(fchown32, "fkk"),
    CALL(fchownat, "cpkk0"),
    CALL(utimensat, "cpb0"),
    CALL(utimensat_time64, "cpb0"),
    CALL(umask, "0"),

    // the tree
    CALL(getdents64, "dbz"),
    CALL(getcwd, "bz"),
    CALL(chdir, "D"),
    CALL(fchdir, "d"),
    CALL(mkdir, "q0"),
    CALL(mkdirat, "cq0"),
    CALL(rmdir, "q"),
    CALL(unlink, "q"),
    CALL(unlinkat, "cq0"),
    CALL(rename, "pq"),
    CALL(renameat, "cpcq"),
    CALL(renameat2, "cpcq0"),
    CALL(link, "pq"),
    CALL(linkat, "cpcq0"),
    CALL(symlink, "pq"),
    CALL(symlinkat, "pcq"),
    CALL(mknod, "q00"),
    CALL(mknodat, "cq00"),
    CALL(mount, "pDy00"),
    CALL(umount2, "q0"),
};

#undef CALL

} // namespace faultline
