// The system calls that Faultline serves, each with sensible arguments, and with the kind of each argument.
// every_call.cpp replaces the sensible ones with bad ones, one at a time; tests/fuzz/ makes others of the same kind.
// docs/system-calls.md says what each call is for.
//
// One letter for each argument:
//   0 1 k  the numbers 0, 1 and −1         s  8, the size of a signal set   z  64 bytes     g  a page's size
//   f  a file, open for both               d  a directory                   c  AT_FDCWD
//   r w  the ends of an empty pipe         p  the file's name               q  a name that is free
//   D  a directory's name                  y  "tmpfs"                       e  an epoll instance   T  a timerfd
//   b  a zeroed buffer               m  mapped pages of its own
//   v  an iovec of that buffer             a  a list of strings, as argv    i  its process id
//   t  its thread id                       n  a signal that does nothing by default
// A `~` at the end means that the call may wait for ever, with the arguments as given or with bad ones.
//
// Behind them is a Kind (call_kinds.hpp) for each argument whose letter does not say enough: `Same` stands for "the kind
// of its letter", and so do those left out at the end. An iovec's letter says "a list of buffers", a 0 says only "a number".
#pragma once

#include <array>

#include <asm/unistd.h>

#include "user/programs/call_kinds.hpp"

namespace faultline {

struct Call {
    int number;
    const char* name;
    const char* arguments;
    std::array<Kind, 6> kinds;
};

#define CALL(name, arguments, ...)                                                                                     \
    {                                                                                                                  \
        __NR_##name, #name, arguments, { __VA_ARGS__ }                                                                 \
    }

inline constexpr auto calls = [] {
    using enum Kind;
    return std::to_array<Call>({
        // processes
        CALL(fork, ""),
        CALL(vfork, ""),
        CALL(clone, "00000~", CloneFlags, Stack, FutexWord, FutexWord, FutexWord),
        CALL(clone3, "bz~", CloneArguments),
        CALL(execve, "paa", Program),
        CALL(execveat, "cpaa0", Same, Program, Same, Same, AtFlags),
        CALL(exit, "0", Number),
        CALL(exit_group, "0", Number),
        CALL(wait4, "kb1b~", Same, Same, WaitOptions),
        CALL(waitid, "0ibnb~", IdType, Same, Same, WaitOptions),
        CALL(set_tid_address, "b"),
        CALL(getpid, ""),
        CALL(gettid, ""),
        CALL(getppid, ""),
        CALL(getpgid, "0", Pid),
        CALL(setpgid, "00", Pid, Pid),
        CALL(getpgrp, ""),
        CALL(getsid, "0", Pid),
        CALL(setsid, ""),
        CALL(prctl, "1b000", PrctlOption, Any, Any, Any, Any),
        CALL(pidfd_open, "i0", Same, OpenFlags),
        CALL(signalfd, "kbs", Fd, SignalSet),
        CALL(signalfd4, "kbs0", Fd, SignalSet, Same, OpenFlags),
        CALL(pidfd_getfd, "f00", Same, Fd, Number),
        CALL(kcmp, "ii100", Same, Same, Number, Fd, Fd),
        CALL(pidfd_send_signal, "fn00", Same, Same, SignalInfo, Number),
        CALL(membarrier, "000", Membarrier, Number, Number),

        // users and groups
        CALL(getuid, ""),
        CALL(getuid32, ""),
        CALL(geteuid, ""),
        CALL(geteuid32, ""),
        CALL(getgid, ""),
        CALL(getgid32, ""),
        CALL(getegid, ""),
        CALL(getegid32, ""),
        CALL(setuid32, "0", Id),
        CALL(setgid32, "0", Id),
        CALL(setreuid32, "kk", Id, Id),
        CALL(setregid32, "kk", Id, Id),
        CALL(setresuid32, "kkk", Id, Id, Id),
        CALL(setresgid32, "kkk", Id, Id, Id),
        CALL(getresuid32, "bbb"),
        CALL(getresgid32, "bbb"),
        CALL(setfsuid32, "0", Id),
        CALL(setfsgid32, "0", Id),
        CALL(getgroups32, "sb", Count),
        CALL(setgroups32, "1b", Count, Ids),
        CALL(capget, "bb", CapabilityHeader),
        CALL(capset, "bb", CapabilityHeader, CapabilityData),

        // signals
        CALL(restart_syscall, ""),
        CALL(kill, "in"),
        CALL(tkill, "tn"),
        CALL(tgkill, "itn"),
        CALL(rt_sigqueueinfo, "inb", Same, Same, SignalInfo),
        CALL(rt_tgsigqueueinfo, "itnb", Same, Same, Same, SignalInfo),
        CALL(rt_sigaction, "nbbs", Same, SignalAction),
        CALL(rt_sigprocmask, "0bbs", MaskHow, SignalSet),
        CALL(rt_sigpending, "bs"),
        CALL(rt_sigsuspend, "bs~", SignalSet),
        CALL(rt_sigtimedwait, "bbbs~", SignalSet, Same, Time32),
        CALL(rt_sigtimedwait_time64, "bbbs~", SignalSet, Same, Time64),
        CALL(sigaltstack, "bb", AlternateStack),
        CALL(pause, "~"),
        CALL(sigreturn, ""),
        CALL(rt_sigreturn, ""),
        CALL(sigaction, "nbb", Same, OldSignalAction),
        CALL(sigprocmask, "0bb", MaskHow, SignalSet),
        CALL(sigpending, "b"),
        CALL(sigsuspend, "000~", Number, Number, Number),

        // memory
        CALL(brk, "0", Address),
        CALL(mmap2, "mg1nf0", Same, Same, Protection, MapFlags, Same, Offset),
        CALL(munmap, "mg"),
        CALL(mprotect, "mg1", Same, Same, Protection),
        CALL(mremap, "mgg10", Same, Same, Same, RemapFlags, Address),
        CALL(madvise, "mg0", Same, Same, Advice),
        CALL(msync, "mg0", Same, Same, MsyncFlags),
        CALL(mincore, "mgb"),
        CALL(mlock, "mg"),
        CALL(munlock, "mg"),
        CALL(mlock2, "mg0", Same, Same, Number),
        CALL(mlockall, "1", LockAllFlags),
        CALL(process_mrelease, "f0", Same, Number),
        CALL(process_madvise, "fv100", Same, Same, Count, Advice, Number),
        CALL(process_vm_readv, "iv1v10", Same, Same, Count, Same, Count, Number),
        CALL(process_vm_writev, "iv1v10", Same, Same, Count, Same, Count, Number),
        CALL(remap_file_pages, "mg000", Same, Same, Number, Offset, MapFlags),
        CALL(munlockall, ""),
        CALL(msgget, "00", Key, IpcFlags),
        CALL(msgsnd, "0bs0~", IpcId, Message, Length, IpcFlags),
        CALL(msgrcv, "0bs00~", IpcId, Same, Length, Number, IpcFlags),
        CALL(msgctl, "00b", IpcId, IpcCommand),
        CALL(shmget, "0g0", Key, Same, IpcFlags),
        CALL(shmat, "000", IpcId, Address, ShmFlags),
        CALL(shmdt, "m"),
        CALL(shmctl, "00b", IpcId, IpcCommand),
        CALL(semget, "010", Key, Count, IpcFlags),
        CALL(semop, "0b1~", IpcId, SemaphoreOperations, Count),
        CALL(semtimedop, "0b1b~", IpcId, SemaphoreOperations, Count, Time32),
        CALL(semtimedop_time64, "0b1b~", IpcId, SemaphoreOperations, Count, Time64),
        CALL(semctl, "000b", IpcId, Number, IpcCommand),

        // futexes
        CALL(futex, "b00b00~", FutexWord, FutexOperation, Number, Time32, FutexWord, Any),
        CALL(futex_time64, "b00b00~", FutexWord, FutexOperation, Number, Time64, FutexWord, Any),
        CALL(futex_waitv, "b10b0~", Waiters, Count, Number, Time64, Clock),
        CALL(set_robust_list, "b0", RobustList, Length),
        CALL(get_robust_list, "0bb", Pid),

        // time
        CALL(clock_gettime, "0b", Clock),
        CALL(clock_gettime64, "0b", Clock),
        CALL(clock_settime, "0b", Clock, Time32),
        CALL(clock_settime64, "0b", Clock, Time64),
        CALL(adjtimex, "b"),
        CALL(clock_adjtime, "0b", Clock),
        CALL(clock_adjtime64, "0b", Clock),
        CALL(clock_getres, "0b", Clock),
        CALL(clock_getres_time64, "0b", Clock),
        CALL(clock_nanosleep, "00bb~", Clock, TimerFlags, Time32),
        CALL(clock_nanosleep_time64, "00bb~", Clock, TimerFlags, Time64),
        CALL(nanosleep, "bb~", Time32),
        CALL(gettimeofday, "bb"),
        CALL(settimeofday, "bb", Time32),
        CALL(setitimer, "0bb", Number, Interval32),
        CALL(getitimer, "0b", Number),
        CALL(times, "b"),
        CALL(timer_create, "0bb", Clock, SignalEvent),
        CALL(timer_settime, "00bb", TimerId, TimerFlags, Interval32),
        CALL(timer_settime64, "00bb", TimerId, TimerFlags, Interval64),
        CALL(timer_gettime, "0b", TimerId),
        CALL(timer_gettime64, "0b", TimerId),
        CALL(timer_getoverrun, "0", TimerId),
        CALL(timer_delete, "0", TimerId),

        // scheduling
        CALL(sched_yield, ""),
        CALL(sched_setscheduler, "00b", Pid, Policy, SchedParam),
        CALL(sched_getscheduler, "0", Pid),
        CALL(sched_setparam, "0b", Pid, SchedParam),
        CALL(sched_getparam, "0b", Pid),
        CALL(sched_get_priority_max, "1", Policy),
        CALL(sched_get_priority_min, "1", Policy),
        CALL(sched_rr_get_interval, "0b", Pid),
        CALL(sched_rr_get_interval_time64, "0b", Pid),
        CALL(sched_setaffinity, "0sb", Pid, Same, CpuSet),
        CALL(sched_getaffinity, "0sb", Pid),
        CALL(getcpu, "bb"),
        CALL(sched_setattr, "0b0", Pid, SchedAttributes, Number),
        CALL(sched_getattr, "0bz0", Pid, Same, Same, Number),
        CALL(nice, "0", Nice),
        CALL(getpriority, "00", PriorityOf, Pid),
        CALL(setpriority, "000", PriorityOf, Pid, Nice),

        // the system
        CALL(uname, "b"),
        CALL(sethostname, "b1", Same, Length),
        CALL(setdomainname, "b1", Same, Length),
        CALL(personality, "0", Personality),
        CALL(syslog, "0bs", SyslogAction, Same, Length),
        CALL(sysinfo, "b"),
        CALL(reboot, "000b", Any, Any, Any),
        CALL(getrandom, "bz0", Same, Same, Number),
        CALL(getrusage, "0b", UsageOf),
        CALL(ugetrlimit, "0b", Resource),
        CALL(setrlimit, "0b", Resource, Limit32),
        CALL(prlimit64, "00bb", Pid, Resource, Limit64),

        // open files
        CALL(open, "p00", Same, OpenFlags, Mode),
        CALL(openat, "cp00", Same, Same, OpenFlags, Mode),
        CALL(creat, "q0", Same, Mode),
        CALL(close, "f"),
        CALL(close_range, "ff0", Same, Same, Number),
        CALL(memfd_create, "p0", Same, MemfdFlags),
        CALL(setxattr, "pbb10", Name, AttributeName, Same, Length, Number),
        CALL(lsetxattr, "pbb10", Name, AttributeName, Same, Length, Number),
        CALL(fsetxattr, "fbb10", Same, AttributeName, Same, Length, Number),
        CALL(getxattr, "pbbz", Same, AttributeName),
        CALL(lgetxattr, "pbbz", Same, AttributeName),
        CALL(fgetxattr, "fbbz", Same, AttributeName),
        CALL(listxattr, "pbz"),
        CALL(llistxattr, "pbz"),
        CALL(flistxattr, "fbz"),
        CALL(removexattr, "pb", Name, AttributeName),
        CALL(lremovexattr, "pb", Name, AttributeName),
        CALL(fremovexattr, "fb", Same, AttributeName),
        CALL(pipe, "b"),
        CALL(pipe2, "b0", Same, OpenFlags),
        CALL(socketpair, "110b", Number, SocketType, Number),
        CALL(send, "fbz0", Same, Same, Same, MessageFlags),
        CALL(sendto, "fbz000", Same, Same, Same, MessageFlags, Same, Number),
        CALL(recv, "fbz0~", Same, Same, Same, MessageFlags),
        CALL(recvfrom, "fbz000~", Same, Same, Same, MessageFlags, Buffer, Number),
        CALL(dup, "f"),
        CALL(dup2, "fr"),
        CALL(dup3, "fr0", Same, Same, OpenFlags),
        CALL(fcntl, "f1b~", Same, FcntlCommand, FcntlArgument),
        CALL(fcntl64, "f1b~", Same, FcntlCommand, FcntlArgument),
        CALL(ioctl, "f0b", Same, IoctlRequest, Any),
        CALL(poll, "b10~", PollFds, Count, Milliseconds),
        CALL(ppoll, "b1bbs~", PollFds, Count, Time32, SignalSet),
        CALL(ppoll_time64, "b1bbs~", PollFds, Count, Time64, SignalSet),
        CALL(epoll_create, "1", Number),
        CALL(epoll_create1, "0", OpenFlags),
        CALL(epoll_ctl, "e1rb", Same, EpollOperation, Same, EpollEvent),
        CALL(epoll_wait, "eb10~", Same, Same, Count, Milliseconds),
        CALL(epoll_pwait, "eb10bs~", Same, Same, Count, Milliseconds, SignalSet),
        CALL(epoll_pwait2, "eb1bbs~", Same, Same, Count, Time64, SignalSet),
        CALL(eventfd, "0", Number),
        CALL(eventfd2, "00", Number, OpenFlags),
        CALL(timerfd_create, "10", Clock, OpenFlags),
        CALL(timerfd_settime, "T0bb", Same, TimerFlags, Interval32),
        CALL(timerfd_settime64, "T0bb", Same, TimerFlags, Interval64),
        CALL(timerfd_gettime, "Tb"),
        CALL(timerfd_gettime64, "Tb"),
        CALL(_newselect, "1bbbb~", Count, Same, Same, Same, Time32),
        CALL(pselect6, "1bbbbb~", Count, Same, Same, Same, Time32),
        CALL(pselect6_time64, "1bbbbb~", Count, Same, Same, Same, Time64),

        // reading and writing
        CALL(read, "fbz~"),
        CALL(write, "wbz~"),
        CALL(pread64, "fbz000", Same, Same, Same, Number, Offset, OffsetHigh),
        CALL(pwrite64, "fbz000", Same, Same, Same, Number, Offset, OffsetHigh),
        CALL(readv, "fv1~", Same, Same, Count),
        CALL(writev, "wv1~", Same, Same, Count),
        CALL(preadv, "fv100", Same, Same, Count, Offset, OffsetHigh),
        CALL(pwritev, "fv100", Same, Same, Count, Offset, OffsetHigh),
        CALL(lseek, "f00", Same, Offset, Whence),
        CALL(_llseek, "f00b0", Same, OffsetHigh, Offset, Same, Whence),
        CALL(ftruncate, "f0", Same, Offset),
        CALL(ftruncate64, "f000", Same, Number, Offset, OffsetHigh),
        CALL(truncate, "p0", Name, Offset),
        CALL(truncate64, "p000", Name, Number, Offset, OffsetHigh),
        CALL(fallocate, "f00010", Same, FallocateMode, Offset, OffsetHigh, Offset, OffsetHigh),
        CALL(arm_fadvise64_64, "f00000", Same, Advice, Offset, OffsetHigh, Offset, OffsetHigh),
        CALL(flock, "f1", Same, FlockOperation),
        CALL(fsync, "f"),
        CALL(fdatasync, "f"),
        CALL(syncfs, "f"),
        CALL(arm_sync_file_range, "f00000", Same, Number, Offset, OffsetHigh, Offset, OffsetHigh),
        CALL(sync, ""),
        CALL(sendfile, "wfbz~"),
        CALL(sendfile64, "wfbz~"),

        // what a file is
        CALL(stat64, "pb"),
        CALL(lstat64, "pb"),
        CALL(fstat64, "fb"),
        CALL(fstatat64, "cpb0", Same, Same, Same, AtFlags),
        CALL(statx, "cp00b", Same, Same, AtFlags, Number),
        CALL(statfs64, "pzb"),
        CALL(fstatfs64, "fzb"),
        CALL(access, "p0", Same, AccessMode),
        CALL(faccessat, "cp0", Same, Same, AccessMode),
        CALL(faccessat2, "cp00", Same, Same, AccessMode, AtFlags),
        CALL(readlink, "pbz"),
        CALL(readlinkat, "cpbz"),
        CALL(chmod, "p0", Name, Mode),
        CALL(fchmod, "f0", Same, Mode),
        CALL(fchmodat, "cp0", Same, Name, Mode),
        CALL(chown32, "pkk", Name, Id, Id),
        CALL(lchown32, "pkk", Name, Id, Id),
        CALL(fchown32, "fkk", Same, Id, Id),
        CALL(fchownat, "cpkk0", Same, Name, Id, Id, AtFlags),
        CALL(utimensat, "cpb0", Same, Name, Time32, AtFlags),
        CALL(utimensat_time64, "cpb0", Same, Name, Time64, AtFlags),
        CALL(umask, "0", Mode),

        // the tree
        CALL(getdents64, "dbz"),
        CALL(getcwd, "bz"),
        CALL(chdir, "D"),
        CALL(fchdir, "d"),
        CALL(mkdir, "q0", Same, Mode),
        CALL(mkdirat, "cq0", Same, Same, Mode),
        CALL(rmdir, "q"),
        CALL(unlink, "q"),
        CALL(unlinkat, "cq0", Same, Same, AtFlags),
        CALL(rename, "pq", Name),
        CALL(renameat, "cpcq", Same, Name),
        CALL(renameat2, "cpcq0", Same, Name, Same, Same, RenameFlags),
        CALL(link, "pq", LinkTarget),
        CALL(linkat, "cpcq0", Same, LinkTarget, Same, Same, AtFlags),
        CALL(symlink, "pq", LinkTarget),
        CALL(symlinkat, "pcq", LinkTarget),
        CALL(mknod, "q00", Same, NodeMode, Number),
        CALL(mknodat, "cq00", Same, Same, NodeMode, Number),
        CALL(mount, "pDy00", Same, Same, Same, MountFlags),
        CALL(swapon, "p0", Same, Number),
        CALL(swapoff, "p"),
        CALL(umount2, "q0", Same, UmountFlags),
    });
}();

#undef CALL

} // namespace faultline
