// The system calls of processes, signals, memory and time, as the dispatcher calls them: arguments as the
// program gave them, results and errors as the man pages of the names say. Caller: current, with no lock
// held; all may sleep.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// syscalls_process.cpp
Result<s32> sys_fork();
Result<s32> sys_vfork();
Result<s32> sys_clone(u32 flags, UserAddr stack, UserAddr parent_tid, u32 tls, UserAddr child_tid);
Result<s32> sys_clone3(UserAddr arguments, u32 size);
u32 sys_execve(PtRegs& regs, UserAddr path, UserAddr argv, UserAddr envp);
u32 sys_execveat(PtRegs& regs, s32 dirfd, UserAddr path, UserAddr argv, UserAddr envp, u32 flags);
u32 sys_exit(s32 status);
u32 sys_exit_group(s32 status);
s32 sys_set_tid_address(UserAddr address);

// syscalls_ids.cpp
s32 sys_getpid();
s32 sys_gettid();
s32 sys_getppid();
Result<s32> sys_getpgid(s32 pid);
s32 sys_getpgrp();
Result<u32> sys_setpgid(s32 pid, s32 pgid);
Result<s32> sys_getsid(s32 pid);
Result<s32> sys_setsid();

// pidfd.cpp
Result<s32> sys_pidfd_open(s32 pid, u32 flags);
Result<u32> sys_pidfd_send_signal(s32 fd, s32 sig, UserAddr info, u32 flags);

// signalfd.cpp
Result<s32> sys_signalfd(s32 fd, UserAddr mask, u32 mask_bytes);
Result<s32> sys_signalfd4(s32 fd, UserAddr mask, u32 mask_bytes, u32 flags);

// syscalls_remote.cpp
Result<u32> sys_process_vm_readv(s32 pid, UserAddr local, u32 local_count, UserAddr remote, u32 remote_count,
                                 u32 flags);
Result<u32> sys_process_vm_writev(s32 pid, UserAddr local, u32 local_count, UserAddr remote, u32 remote_count,
                                  u32 flags);
Result<u32> sys_process_madvise(s32 pidfd, UserAddr list, u32 count, u32 advice, u32 flags);
Result<u32> sys_kcmp(s32 pid1, s32 pid2, u32 type, u32 index1, u32 index2);
Result<s32> sys_pidfd_getfd(s32 pidfd, s32 target, u32 flags);

// syscalls_cred.cpp
u32 sys_getuid();
u32 sys_geteuid();
u32 sys_getgid();
u32 sys_getegid();
Result<u32> sys_setuid(u32 id);
Result<u32> sys_setgid(u32 id);
Result<u32> sys_setreuid(u32 real, u32 effective);
Result<u32> sys_setregid(u32 real, u32 effective);
Result<u32> sys_setresuid(u32 real, u32 effective, u32 saved);
Result<u32> sys_setresgid(u32 real, u32 effective, u32 saved);
Result<u32> sys_getresuid(UserAddr real, UserAddr effective, UserAddr saved);
Result<u32> sys_getresgid(UserAddr real, UserAddr effective, UserAddr saved);
u32 sys_setfsuid(u32 id);
u32 sys_setfsgid(u32 id);
Result<u32> sys_getgroups(s32 size, UserAddr list);
Result<u32> sys_setgroups(s32 size, UserAddr list);
Result<u32> sys_capget(UserAddr header, UserAddr data);
Result<u32> sys_capset(UserAddr header, UserAddr data);

// syscalls_prctl.cpp
Result<u32> sys_prctl(s32 option, u32 argument2, u32 argument3, u32 argument4, u32 argument5);

// syscalls_wait.cpp
Result<s32> sys_wait4(s32 pid, UserAddr status, u32 options, UserAddr rusage);
Result<u32> sys_waitid(u32 which, s32 id, UserAddr info, u32 options, UserAddr rusage);

// syscalls_signal.cpp
Result<u32> sys_kill(s32 pid, s32 sig);
Result<u32> sys_tkill(s32 tid, s32 sig);
Result<u32> sys_tgkill(s32 tgid, s32 tid, s32 sig);
Result<u32> sys_rt_sigqueueinfo(s32 pid, s32 sig, UserAddr info);
Result<u32> sys_rt_tgsigqueueinfo(s32 tgid, s32 tid, s32 sig, UserAddr info);
Result<u32> sys_rt_sigaction(s32 sig, UserAddr action, UserAddr old_action, u32 sigset_bytes);
Result<u32> sys_rt_sigprocmask(s32 how, UserAddr set, UserAddr old_set, u32 sigset_bytes);
Result<u32> sys_rt_sigpending(UserAddr set, u32 sigset_bytes);
Result<u32> sys_rt_sigsuspend(UserAddr set, u32 sigset_bytes);
Result<s32> sys_rt_sigtimedwait(UserAddr set, UserAddr info, UserAddr timeout, u32 sigset_bytes);
Result<s32> sys_rt_sigtimedwait_time64(UserAddr set, UserAddr info, UserAddr timeout, u32 sigset_bytes);
Result<u32> sys_sigaltstack(PtRegs& regs, UserAddr stack, UserAddr old_stack);
Result<u32> sys_pause();
Result<u32> sys_sigaction(s32 sig, UserAddr action, UserAddr old_action); // syscalls_signal_old.cpp
Result<u32> sys_sigprocmask(s32 how, UserAddr set, UserAddr old_set);
Result<u32> sys_sigpending(UserAddr set);
Result<u32> sys_sigsuspend(u32 unused1, u32 unused2, u32 mask);
u32 sys_sigreturn(PtRegs& regs);
u32 sys_rt_sigreturn(PtRegs& regs);
Result<u32> sys_restart_syscall(PtRegs& regs);

// syscalls_mm.cpp
u32 sys_brk(UserAddr new_brk);
Result<UserAddr> sys_mmap2(UserAddr address, u32 length, u32 prot, u32 flags, s32 fd, u32 page_offset);
Result<void> sys_munmap(UserAddr start, u32 length);
Result<void> sys_mprotect(UserAddr start, u32 length, u32 prot);
Result<UserAddr> sys_mremap(UserAddr old_address, u32 old_length, u32 new_length, u32 flags, UserAddr new_address);
Result<void> sys_madvise(UserAddr start, u32 length, u32 advice);
Result<u32> sys_msync(UserAddr start, u32 length, u32 flags);
Result<u32> sys_mincore(UserAddr start, u32 length, UserAddr vector);
Result<void> sys_mlock(UserAddr start, u32 length);
Result<void> sys_mlock2(UserAddr start, u32 length, u32 flags);
Result<void> sys_munlock(UserAddr start, u32 length);
Result<void> sys_mlockall(u32 flags);
u32 sys_munlockall();
Result<void> sys_remap_file_pages(UserAddr start, u32 length, u32 prot, u32 pgoff, u32 flags);
Result<u32> sys_process_mrelease(s32 pidfd, u32 flags);
Result<u32> sys_cacheflush(UserAddr start, UserAddr end, u32 flags);

// syscalls_time.cpp: `_time64` calls pass seconds in 64 bits
Result<u32> sys_clock_gettime(s32 clock, UserAddr time);
Result<u32> sys_clock_gettime64(s32 clock, UserAddr time);
Result<u32> sys_clock_settime(s32 clock, UserAddr time);
Result<u32> sys_clock_settime64(s32 clock, UserAddr time);
Result<u32> sys_clock_getres(s32 clock, UserAddr resolution);
Result<u32> sys_clock_getres_time64(s32 clock, UserAddr resolution);
Result<u32> sys_gettimeofday(UserAddr time, UserAddr zone);
Result<u32> sys_settimeofday(UserAddr time, UserAddr zone);
Result<u32> sys_clock_nanosleep(s32 clock, u32 flags, UserAddr request, UserAddr remaining);
Result<u32> sys_clock_nanosleep_time64(s32 clock, u32 flags, UserAddr request, UserAddr remaining);
Result<u32> sys_nanosleep(UserAddr request, UserAddr remaining);
Result<u32> sys_times(UserAddr buffer);

// itimer.cpp
Result<u32> sys_setitimer(s32 which, UserAddr value, UserAddr old_value);
Result<u32> sys_getitimer(s32 which, UserAddr value);

// syscalls_timer.cpp
Result<u32> sys_timer_create(s32 clock, UserAddr event, UserAddr id);
Result<u32> sys_timer_settime(s32 id, u32 flags, UserAddr value, UserAddr old_value);
Result<u32> sys_timer_settime64(s32 id, u32 flags, UserAddr value, UserAddr old_value);
Result<u32> sys_timer_gettime(s32 id, UserAddr value);
Result<u32> sys_timer_gettime64(s32 id, UserAddr value);
Result<u32> sys_timer_getoverrun(s32 id);
Result<u32> sys_timer_delete(s32 id);

// syscalls_sched.cpp
u32 sys_sched_yield();
Result<u32> sys_sched_setscheduler(s32 pid, s32 policy, UserAddr parameter);
Result<u32> sys_sched_getscheduler(s32 pid);
Result<u32> sys_sched_setparam(s32 pid, UserAddr parameter);
Result<u32> sys_sched_getparam(s32 pid, UserAddr parameter);
Result<u32> sys_sched_get_priority_max(s32 policy);
Result<u32> sys_sched_get_priority_min(s32 policy);
Result<u32> sys_sched_rr_get_interval(s32 pid, UserAddr interval);
Result<u32> sys_sched_rr_get_interval_time64(s32 pid, UserAddr interval);
Result<u32> sys_sched_setaffinity(s32 pid, u32 bytes, UserAddr mask);
Result<u32> sys_sched_getaffinity(s32 pid, u32 bytes, UserAddr mask);
Result<u32> sys_getcpu(UserAddr cpu, UserAddr node);
Result<u32> sys_sched_setattr(s32 pid, UserAddr attribute, u32 flags);
Result<u32> sys_sched_getattr(s32 pid, UserAddr attribute, u32 size, u32 flags);

// syscalls_nice.cpp
Result<u32> sys_getpriority(s32 which, s32 who);
Result<u32> sys_setpriority(s32 which, s32 who, s32 nice);
Result<u32> sys_nice(s32 increment);

// syscalls_system.cpp
Result<u32> sys_uname(UserAddr buffer);
Result<u32> sys_sethostname(UserAddr name, s32 length);
Result<u32> sys_setdomainname(UserAddr name, s32 length);
Result<u32> sys_membarrier(s32 command, u32 flags, s32 cpu);
Result<u32> sys_personality(u32 persona);
Result<u32> sys_sysinfo(UserAddr buffer);
Result<u32> sys_reboot(u32 magic1, u32 magic2, u32 command, UserAddr argument);
Result<u32> sys_getrandom(UserAddr buffer, u32 bytes, u32 flags);
Result<u32> sys_getrusage(s32 who, UserAddr usage);
Result<u32> sys_getrlimit(u32 resource, UserAddr limit);
Result<u32> sys_setrlimit(u32 resource, UserAddr limit);
Result<u32> sys_prlimit64(s32 pid, u32 resource, UserAddr new_limit, UserAddr old_limit);

} // namespace faultline
