// The table of system calls: the function for each number. Numbers are those of the ARM EABI (asm/unistd.h). A number
// that is not listed returns ENOSYS.
//
// Rules for all sys_ functions:
// - Arguments are those of the program, unchecked. A UserAddr may be any value.
// - Results and errors are those of the man page with the function's name, section 2. The headers list the errors.
// - The function acts for current. It runs with the kernel lock and no other lock; those marked `parallel` run without
//   the kernel lock. It may sleep.
// - It is defined in the file of its concept, and declared in the header of that file.
#include <asm/unistd.h>

#include "abi/arguments/adapt.hpp"
#include "abi/cred/capability.hpp"
#include "abi/cred/groups.hpp"
#include "abi/cred/user_ids.hpp"
#include "abi/fs/access.hpp"
#include "abi/fs/attributes.hpp"
#include "abi/fs/cwd.hpp"
#include "abi/fs/directory.hpp"
#include "abi/fs/dup.hpp"
#include "abi/fs/eventfd.hpp"
#include "abi/fs/eventpoll.hpp"
#include "abi/fs/fcntl.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/ioctl.hpp"
#include "abi/fs/link.hpp"
#include "abi/fs/locks.hpp"
#include "abi/fs/memfd.hpp"
#include "abi/fs/mknod.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/pipe.hpp"
#include "abi/fs/poll.hpp"
#include "abi/fs/random.hpp"
#include "abi/fs/read_write.hpp"
#include "abi/fs/rename.hpp"
#include "abi/fs/select.hpp"
#include "abi/fs/sendfile.hpp"
#include "abi/fs/signalfd.hpp"
#include "abi/fs/stat.hpp"
#include "abi/fs/statfs.hpp"
#include "abi/fs/sync.hpp"
#include "abi/fs/timerfd.hpp"
#include "abi/fs/truncate.hpp"
#include "abi/fs/unlink.hpp"
#include "abi/fs/xattr.hpp"
#include "abi/ipc/msg.hpp"
#include "abi/ipc/sem.hpp"
#include "abi/ipc/shm.hpp"
#include "abi/ipc/socketpair.hpp"
#include "abi/memory/mincore.hpp"
#include "abi/memory/mlock.hpp"
#include "abi/memory/mmap.hpp"
#include "abi/memory/msync.hpp"
#include "abi/memory/swapon.hpp"
#include "abi/process/clone.hpp"
#include "abi/process/exec.hpp"
#include "abi/process/exit.hpp"
#include "abi/process/kcmp.hpp"
#include "abi/process/personality.hpp"
#include "abi/process/pidfd.hpp"
#include "abi/process/prctl.hpp"
#include "abi/process/process_vm.hpp"
#include "abi/process/rlimit.hpp"
#include "abi/process/wait.hpp"
#include "abi/sched/affinity.hpp"
#include "abi/sched/membarrier.hpp"
#include "abi/sched/nice.hpp"
#include "abi/sched/policy.hpp"
#include "abi/signal/altstack.hpp"
#include "abi/signal/kill.hpp"
#include "abi/signal/pending.hpp"
#include "abi/signal/restart_syscall.hpp"
#include "abi/signal/sigaction.hpp"
#include "abi/signal/sigprocmask.hpp"
#include "abi/signal/sigreturn.hpp"
#include "abi/signal/sigsuspend.hpp"
#include "abi/signal/sigtimedwait.hpp"
#include "abi/syscall/private.hpp"
#include "abi/system/reboot.hpp"
#include "abi/system/sysinfo.hpp"
#include "abi/system/syslog.hpp"
#include "abi/system/utsname.hpp"
#include "abi/task/pgrp.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/rusage.hpp"
#include "abi/time/adjtimex.hpp"
#include "abi/time/clock.hpp"
#include "abi/time/itimer.hpp"
#include "abi/time/nanosleep.hpp"
#include "abi/time/timer_create.hpp"
#include "kernel/futex/syscalls.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

struct Entry {
    u32 number;
    SyscallHandler handler;
};

constexpr Entry ENTRIES[] = {
    // processes
    {__NR_fork, adapt<sys_fork>},
    {__NR_vfork, adapt<sys_vfork>},
    {__NR_clone, adapt<sys_clone>},
    {__NR_clone3, adapt<sys_clone3>},
    {__NR_execve, adapt<sys_execve>},
    {__NR_execveat, adapt<sys_execveat>},
    {__NR_exit, adapt<sys_exit>},
    {__NR_exit_group, adapt<sys_exit_group>},
    {__NR_wait4, adapt<sys_wait4>},
    {__NR_waitid, adapt<sys_waitid>},
    {__NR_set_tid_address, adapt<sys_set_tid_address>},
    {__NR_getpid, parallel<sys_getpid>},
    {__NR_gettid, parallel<sys_gettid>},
    {__NR_getppid, parallel<sys_getppid>},
    {__NR_getpgid, adapt<sys_getpgid>},
    {__NR_setpgid, adapt<sys_setpgid>},
    {__NR_getpgrp, adapt<sys_getpgrp>},
    {__NR_getsid, adapt<sys_getsid>},
    {__NR_setsid, adapt<sys_setsid>},
    {__NR_prctl, adapt<sys_prctl>},
    {__NR_pidfd_open, adapt<sys_pidfd_open>},
    {__NR_pidfd_getfd, adapt<sys_pidfd_getfd>},
    {__NR_kcmp, adapt<sys_kcmp>},
    {__NR_pidfd_send_signal, adapt<sys_pidfd_send_signal>},

    // users and groups. Of the calls with 16-bit ids, those without arguments are served, by the 32-bit functions
    {__NR_getuid, adapt<sys_getuid16>},
    {__NR_getuid32, adapt<sys_getuid>},
    {__NR_geteuid, adapt<sys_geteuid16>},
    {__NR_geteuid32, adapt<sys_geteuid>},
    {__NR_getgid, adapt<sys_getgid16>},
    {__NR_getgid32, adapt<sys_getgid>},
    {__NR_getegid, adapt<sys_getegid16>},
    {__NR_getegid32, adapt<sys_getegid>},
    {__NR_setuid32, adapt<sys_setuid>},
    {__NR_setgid32, adapt<sys_setgid>},
    {__NR_setreuid32, adapt<sys_setreuid>},
    {__NR_setregid32, adapt<sys_setregid>},
    {__NR_setresuid32, adapt<sys_setresuid>},
    {__NR_setresgid32, adapt<sys_setresgid>},
    {__NR_getresuid32, adapt<sys_getresuid>},
    {__NR_getresgid32, adapt<sys_getresgid>},
    {__NR_setfsuid32, adapt<sys_setfsuid>},
    {__NR_setfsgid32, adapt<sys_setfsgid>},
    {__NR_getgroups32, adapt<sys_getgroups>},
    {__NR_setgroups32, adapt<sys_setgroups>},
    {__NR_capget, adapt<sys_capget>},
    {__NR_capset, adapt<sys_capset>},

    // signals
    {__NR_restart_syscall, adapt<sys_restart_syscall>},
    {__NR_kill, adapt<sys_kill>},
    {__NR_tkill, adapt<sys_tkill>},
    {__NR_tgkill, adapt<sys_tgkill>},
    {__NR_rt_sigqueueinfo, adapt<sys_rt_sigqueueinfo>},
    {__NR_rt_tgsigqueueinfo, adapt<sys_rt_tgsigqueueinfo>},
    {__NR_rt_sigaction, adapt<sys_rt_sigaction>},
    {__NR_rt_sigprocmask, adapt<sys_rt_sigprocmask>},
    {__NR_rt_sigpending, adapt<sys_rt_sigpending>},
    {__NR_rt_sigsuspend, adapt<sys_rt_sigsuspend>},
    {__NR_rt_sigtimedwait, adapt<sys_rt_sigtimedwait>},
    {__NR_rt_sigtimedwait_time64, adapt<sys_rt_sigtimedwait_time64>},
    {__NR_sigaltstack, adapt<sys_sigaltstack>},
    {__NR_signalfd, adapt<sys_signalfd>},
    {__NR_signalfd4, adapt<sys_signalfd4>},
    {__NR_pause, adapt<sys_pause>},
    {__NR_sigreturn, adapt<sys_sigreturn>},
    {__NR_rt_sigreturn, adapt<sys_rt_sigreturn>},
    {__NR_sigaction, adapt<sys_sigaction>},
    {__NR_sigprocmask, adapt<sys_sigprocmask>},
    {__NR_sigpending, adapt<sys_sigpending>},
    {__NR_sigsuspend, adapt<sys_sigsuspend>},

    // memory
    {__NR_brk, adapt<sys_brk>},
    {__NR_mmap2, adapt<sys_mmap2>},
    {__NR_munmap, adapt<sys_munmap>},
    {__NR_mprotect, adapt<sys_mprotect>},
    {__NR_mremap, adapt<sys_mremap>},
    {__NR_madvise, adapt<sys_madvise>},
    {__NR_msync, adapt<sys_msync>},
    {__NR_mincore, adapt<sys_mincore>},
    {__NR_mlock, adapt<sys_mlock>},
    {__NR_mlock2, adapt<sys_mlock2>},
    {__NR_process_mrelease, adapt<sys_process_mrelease>},
    {__NR_process_madvise, adapt<sys_process_madvise>},
    {__NR_process_vm_readv, adapt<sys_process_vm_readv>},
    {__NR_process_vm_writev, adapt<sys_process_vm_writev>},
    {__NR_remap_file_pages, adapt<sys_remap_file_pages>},
    {__NR_munlock, adapt<sys_munlock>},
    {__NR_mlockall, adapt<sys_mlockall>},
    {__NR_munlockall, adapt<sys_munlockall>},

    // System V semaphores and shared memory
    {__NR_semget, adapt<sys_semget>},
    {__NR_semctl, adapt<sys_semctl>},
    {__NR_semop, adapt<sys_semop>},
    {__NR_semtimedop, adapt<sys_semtimedop>},
    {__NR_semtimedop_time64, adapt<sys_semtimedop_time64>},
    {__NR_msgget, adapt<sys_msgget>},
    {__NR_msgsnd, adapt<sys_msgsnd>},
    {__NR_msgrcv, adapt<sys_msgrcv>},
    {__NR_msgctl, adapt<sys_msgctl>},
    {__NR_shmget, adapt<sys_shmget>},
    {__NR_shmat, adapt<sys_shmat>},
    {__NR_shmdt, adapt<sys_shmdt>},
    {__NR_shmctl, adapt<sys_shmctl>},

    // futexes
    {__NR_futex, parallel<sys_futex>},
    {__NR_futex_time64, parallel<sys_futex_time64>},
    {__NR_futex_waitv, parallel<sys_futex_waitv>},
    {__NR_set_robust_list, adapt<sys_set_robust_list>},
    {__NR_get_robust_list, adapt<sys_get_robust_list>},

    // time
    {__NR_clock_gettime, parallel<sys_clock_gettime>},
    {__NR_clock_gettime64, parallel<sys_clock_gettime64>},
    {__NR_clock_settime, adapt<sys_clock_settime>},
    {__NR_clock_settime64, adapt<sys_clock_settime64>},
    {__NR_adjtimex, adapt<sys_adjtimex>},
    {__NR_clock_adjtime, adapt<sys_clock_adjtime>},
    {__NR_clock_adjtime64, adapt<sys_clock_adjtime64>},
    {__NR_clock_getres, adapt<sys_clock_getres>},
    {__NR_clock_getres_time64, adapt<sys_clock_getres_time64>},
    {__NR_clock_nanosleep, parallel<sys_clock_nanosleep>},
    {__NR_clock_nanosleep_time64, parallel<sys_clock_nanosleep_time64>},
    {__NR_nanosleep, parallel<sys_nanosleep>},
    {__NR_gettimeofday, adapt<sys_gettimeofday>},
    {__NR_settimeofday, adapt<sys_settimeofday>},
    {__NR_setitimer, adapt<sys_setitimer>},
    {__NR_getitimer, adapt<sys_getitimer>},
    {__NR_times, adapt<sys_times>},
    {__NR_timer_create, adapt<sys_timer_create>},
    {__NR_timer_settime, adapt<sys_timer_settime>},
    {__NR_timer_settime64, adapt<sys_timer_settime64>},
    {__NR_timer_gettime, adapt<sys_timer_gettime>},
    {__NR_timer_gettime64, adapt<sys_timer_gettime64>},
    {__NR_timer_getoverrun, adapt<sys_timer_getoverrun>},
    {__NR_timer_delete, adapt<sys_timer_delete>},

    // scheduling
    {__NR_sched_yield, parallel<sys_sched_yield>},
    {__NR_sched_setscheduler, adapt<sys_sched_setscheduler>},
    {__NR_sched_getscheduler, adapt<sys_sched_getscheduler>},
    {__NR_sched_setparam, adapt<sys_sched_setparam>},
    {__NR_sched_getparam, adapt<sys_sched_getparam>},
    {__NR_sched_get_priority_max, adapt<sys_sched_get_priority_max>},
    {__NR_sched_get_priority_min, adapt<sys_sched_get_priority_min>},
    {__NR_sched_rr_get_interval, adapt<sys_sched_rr_get_interval>},
    {__NR_sched_rr_get_interval_time64, adapt<sys_sched_rr_get_interval_time64>},
    {__NR_sched_setaffinity, adapt<sys_sched_setaffinity>},
    {__NR_sched_getaffinity, adapt<sys_sched_getaffinity>},
    {__NR_getcpu, adapt<sys_getcpu>},
    {__NR_sched_setattr, adapt<sys_sched_setattr>},
    {__NR_sched_getattr, adapt<sys_sched_getattr>},
    {__NR_nice, adapt<sys_nice>},
    {__NR_getpriority, adapt<sys_getpriority>},
    {__NR_setpriority, adapt<sys_setpriority>},

    // the system and its limits
    {__NR_uname, adapt<sys_uname>},
    {__NR_sethostname, adapt<sys_sethostname>},
    {__NR_setdomainname, adapt<sys_setdomainname>},
    {__NR_membarrier, adapt<sys_membarrier>},
    {__NR_personality, adapt<sys_personality>},
    {__NR_sysinfo, adapt<sys_sysinfo>},
    {__NR_syslog, adapt<sys_syslog>},
    {__NR_reboot, adapt<sys_reboot>},
    {__NR_getrandom, adapt<sys_getrandom>},
    {__NR_getrusage, adapt<sys_getrusage>},
    {__NR_ugetrlimit, adapt<sys_getrlimit>},
    {__NR_setrlimit, adapt<sys_setrlimit>},
    {__NR_prlimit64, adapt<sys_prlimit64>},

    // open files
    {__NR_open, adapt<sys_open>},
    {__NR_openat, adapt<sys_openat>},
    {__NR_creat, adapt<sys_creat>},
    {__NR_close, adapt<sys_close>},
    {__NR_close_range, adapt<sys_close_range>},
    {__NR_memfd_create, adapt<sys_memfd_create>},
    {__NR_setxattr, adapt<sys_setxattr>},
    {__NR_lsetxattr, adapt<sys_lsetxattr>},
    {__NR_fsetxattr, adapt<sys_fsetxattr>},
    {__NR_getxattr, adapt<sys_getxattr>},
    {__NR_lgetxattr, adapt<sys_lgetxattr>},
    {__NR_fgetxattr, adapt<sys_fgetxattr>},
    {__NR_listxattr, adapt<sys_listxattr>},
    {__NR_llistxattr, adapt<sys_llistxattr>},
    {__NR_flistxattr, adapt<sys_flistxattr>},
    {__NR_removexattr, adapt<sys_removexattr>},
    {__NR_lremovexattr, adapt<sys_lremovexattr>},
    {__NR_fremovexattr, adapt<sys_fremovexattr>},
    {__NR_socketpair, adapt<sys_socketpair>},
    {__NR_send, adapt<sys_send>},
    {__NR_sendto, adapt<sys_sendto>},
    {__NR_recv, adapt<sys_recv>},
    {__NR_recvfrom, adapt<sys_recvfrom>},
    {__NR_pipe, adapt<sys_pipe>},
    {__NR_pipe2, adapt<sys_pipe2>},
    {__NR_dup, adapt<sys_dup>},
    {__NR_dup2, adapt<sys_dup2>},
    {__NR_dup3, adapt<sys_dup3>},
    {__NR_fcntl, adapt<sys_fcntl64>},
    {__NR_fcntl64, adapt<sys_fcntl64>},
    {__NR_ioctl, adapt<sys_ioctl>},
    {__NR_flock, adapt<sys_flock>},
    {__NR_poll, adapt<sys_poll>},
    {__NR_ppoll, adapt<sys_ppoll>},
    {__NR_ppoll_time64, adapt<sys_ppoll_time64>},
    {__NR_epoll_create, adapt<sys_epoll_create>},
    {__NR_epoll_create1, adapt<sys_epoll_create1>},
    {__NR_epoll_ctl, adapt<sys_epoll_ctl>},
    {__NR_epoll_wait, adapt<sys_epoll_wait>},
    {__NR_epoll_pwait, adapt<sys_epoll_pwait>},
    {__NR_epoll_pwait2, adapt<sys_epoll_pwait2>},
    {__NR_eventfd, adapt<sys_eventfd>},
    {__NR_eventfd2, adapt<sys_eventfd2>},
    {__NR_timerfd_create, adapt<sys_timerfd_create>},
    {__NR_timerfd_settime, adapt<sys_timerfd_settime>},
    {__NR_timerfd_settime64, adapt<sys_timerfd_settime64>},
    {__NR_timerfd_gettime, adapt<sys_timerfd_gettime>},
    {__NR_timerfd_gettime64, adapt<sys_timerfd_gettime64>},
    {__NR__newselect, adapt<sys_select>},
    {__NR_pselect6, adapt<sys_pselect6>},
    {__NR_pselect6_time64, adapt<sys_pselect6_time64>},

    // reading and writing
    {__NR_read, adapt<sys_read>},
    {__NR_write, adapt<sys_write>},
    {__NR_pread64, adapt<sys_pread64>},
    {__NR_pwrite64, adapt<sys_pwrite64>},
    {__NR_readv, adapt<sys_readv>},
    {__NR_writev, adapt<sys_writev>},
    {__NR_preadv, adapt<sys_preadv>},
    {__NR_pwritev, adapt<sys_pwritev>},
    {__NR_lseek, adapt<sys_lseek>},
    {__NR__llseek, adapt<sys_llseek>},
    {__NR_ftruncate, adapt<sys_ftruncate>},
    {__NR_ftruncate64, adapt<sys_ftruncate64>},
    {__NR_sendfile, adapt<sys_sendfile>},
    {__NR_sendfile64, adapt<sys_sendfile64>},
    {__NR_truncate, adapt<sys_truncate>},
    {__NR_truncate64, adapt<sys_truncate64>},
    {__NR_fallocate, adapt<sys_fallocate>},
    {__NR_arm_fadvise64_64, adapt<sys_fadvise64_64>},
    {__NR_fsync, adapt<sys_fsync>},
    {__NR_fdatasync, adapt<sys_fsync>},
    {__NR_swapoff, adapt<sys_swapoff>},
    {__NR_swapon, adapt<sys_swapon>},
    {__NR_sync, adapt<sys_sync>},
    {__NR_syncfs, adapt<sys_syncfs>},
    {__NR_arm_sync_file_range, adapt<sys_sync_file_range2>},

    // attributes of files
    {__NR_stat64, adapt<sys_stat64>},
    {__NR_lstat64, adapt<sys_lstat64>},
    {__NR_fstat64, adapt<sys_fstat64>},
    {__NR_fstatat64, adapt<sys_fstatat64>},
    {__NR_statx, adapt<sys_statx>},
    {__NR_statfs64, adapt<sys_statfs64>},
    {__NR_fstatfs64, adapt<sys_fstatfs64>},
    {__NR_access, adapt<sys_access>},
    {__NR_faccessat, adapt<sys_faccessat>},
    {__NR_faccessat2, adapt<sys_faccessat2>},
    {__NR_readlink, adapt<sys_readlink>},
    {__NR_readlinkat, adapt<sys_readlinkat>},
    {__NR_chmod, adapt<sys_chmod>},
    {__NR_fchmod, adapt<sys_fchmod>},
    {__NR_fchmodat, adapt<sys_fchmodat>},
    {__NR_chown32, adapt<sys_chown32>},
    {__NR_lchown32, adapt<sys_lchown32>},
    {__NR_fchown32, adapt<sys_fchown32>},
    {__NR_fchownat, adapt<sys_fchownat>},
    {__NR_utimensat, adapt<sys_utimensat>},
    {__NR_utimensat_time64, adapt<sys_utimensat_time64>},
    {__NR_umask, adapt<sys_umask>},

    // the tree of files
    {__NR_getdents64, adapt<sys_getdents64>},
    {__NR_getcwd, adapt<sys_getcwd>},
    {__NR_chdir, adapt<sys_chdir>},
    {__NR_fchdir, adapt<sys_fchdir>},
    {__NR_mkdir, adapt<sys_mkdir>},
    {__NR_mkdirat, adapt<sys_mkdirat>},
    {__NR_rmdir, adapt<sys_rmdir>},
    {__NR_unlink, adapt<sys_unlink>},
    {__NR_unlinkat, adapt<sys_unlinkat>},
    {__NR_rename, adapt<sys_rename>},
    {__NR_renameat, adapt<sys_renameat>},
    {__NR_renameat2, adapt<sys_renameat2>},
    {__NR_link, adapt<sys_link>},
    {__NR_linkat, adapt<sys_linkat>},
    {__NR_symlink, adapt<sys_symlink>},
    {__NR_symlinkat, adapt<sys_symlinkat>},
    {__NR_mknod, adapt<sys_mknod>},
    {__NR_mknodat, adapt<sys_mknodat>},
    {__NR_mount, adapt<sys_mount>},
    {__NR_umount2, adapt<sys_umount2>},
};

// Compilation fails if a number is listed twice or lies outside the table.
consteval std::array<SyscallHandler, NR_SYSCALLS + 1> build_table() {
    std::array<SyscallHandler, NR_SYSCALLS + 1> table{};
    table.fill(sys_unknown);
    table.back() = private_syscall;
    for (const Entry& entry : ENTRIES) {
        if (table.at(entry.number) != sys_unknown)
            __builtin_unreachable(); // not allowed in a constant expression
        table[entry.number] = entry.handler;
    }
    return table;
}

} // namespace

constexpr std::array<SyscallHandler, NR_SYSCALLS + 1> syscall_table = build_table();

} // namespace faultline
