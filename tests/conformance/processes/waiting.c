// wait(2): wait4, waitpid, waitid, every option; SIGCHLD, SA_NOCLDWAIT, SA_NOCLDSTOP; orphans.
#include "tests/conformance/checks/check.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/time.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static volatile int chlds;
static siginfo_t last;
static void on_chld(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    ++chlds;
    last = *info;
}
static void handle_chld(int flags) {
    struct sigaction action = {.sa_sigaction = on_chld, .sa_flags = SA_SIGINFO | SA_RESTART | flags};
    sigaction(SIGCHLD, &action, NULL);
}
static pid_t child_that(void (*what)(void)) {
    const pid_t child = fork();
    if (child == 0) {
        what();
        _exit(0);
    }
    return child;
}
static void waits(void) {
    for (;;)
        pause();
}
static void exits(void) { _exit(5); }

static void errors(void) {
    int status;
    siginfo_t info;
    FAILS(waitpid(-1, &status, 0), ECHILD);
    FAILS(waitpid(getpid(), &status, 0), ECHILD);
    FAILS(waitpid(1, &status, 0), ECHILD);
    FAILS(waitpid(-1, &status, 0x100), EINVAL);
    FAILS(wait4((pid_t)0x80000000, &status, 0, NULL), ESRCH);
    FAILS(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
    FAILS(waitid(P_ALL, 0, &info, 0), EINVAL);
    FAILS(waitid(P_ALL, 0, &info, WNOHANG), EINVAL);
    FAILS(waitid(99, 0, &info, WEXITED), EINVAL);
    FAILS(waitid(P_PID, 0, &info, WEXITED), EINVAL);
    FAILS(waitid(P_PID, 0x3fffffff, &info, WEXITED), ECHILD);
    FAILS(waitid(P_PGID, 0x3fffffff, &info, WEXITED), ECHILD);
    const pid_t child = child_that(exits);
    usleep(20000);
    FAILS(syscall(SYS_wait4, child, (void*)-1, 0, NULL), EFAULT);
    FAILS(waitpid(child, &status, 0), ECHILD); // it has been reaped nevertheless
}

static void statuses(void) {
    int status;
    for (int code = 0; code < 256; code += 51) {
        status = IN_CHILD(_exit(code));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == code && !WIFSIGNALED(status) && !WIFSTOPPED(status));
    }
    status = IN_CHILD(_exit(0x1234));
    CHECK(WEXITSTATUS(status) == 0x34);
    const pid_t child = child_that(waits);
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    CHECK(waitpid(child, &status, WNOHANG | WUNTRACED | WCONTINUED) == 0);
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED | WNOHANG) == 0); // reported once
    kill(child, SIGCONT);
    CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    CHECK(waitpid(child, &status, WCONTINUED | WNOHANG) == 0);
    kill(child, SIGTERM);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    FAILS(waitpid(child, &status, 0), ECHILD);
}

static void ids(void) {
    siginfo_t info = {0};
    pid_t child = child_that(waits);
    CHECK(waitid(P_PID, child, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0 && info.si_signo == 0);
    kill(child, SIGSTOP);
    CHECK(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT) == 0 && info.si_code == CLD_STOPPED);
    CHECK(waitid(P_ALL, 0, &info, WSTOPPED) == 0 && info.si_pid == child && info.si_status == SIGSTOP);
    CHECK(info.si_signo == SIGCHLD && info.si_uid == getuid());
    kill(child, SIGCONT);
    CHECK(waitid(P_PID, child, &info, WCONTINUED) == 0 && info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
    kill(child, SIGKILL);
    CHECK(waitid(P_PGID, getpgrp(), &info, WEXITED | WNOWAIT) == 0 && info.si_code == CLD_KILLED);
    CHECK(waitid(P_PGID, 0, &info, WEXITED) == 0 && info.si_status == SIGKILL && info.si_pid == child);
    child = child_that(exits);
    CHECK(waitid(P_PID, child, NULL, WEXITED | WNOWAIT) == 0);
    CHECK(waitid(P_PID, child, &info, WEXITED) == 0 && info.si_code == CLD_EXITED && info.si_status == 5);
    child = child_that(waits);
    const int fd = (int)syscall(SYS_pidfd_open, child, 0);
    WORKS(fd);
    FAILS(waitid(P_PIDFD, 12345, &info, WEXITED), EBADF);
    WORKS(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
    CHECK(waitid(P_PIDFD, fd, &info, WEXITED) == 0 && info.si_pid == child && info.si_status == SIGTERM);
    FAILS(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0), ESRCH);
    close(fd);
    FAILS(syscall(SYS_pidfd_open, 0, 0), EINVAL);
    FAILS(syscall(SYS_pidfd_open, 0x3fffffff, 0), ESRCH);
    FAILS(syscall(SYS_pidfd_open, getpid(), -1), EINVAL);
}

static void groups(void) {
    const pid_t own = child_that(waits), other = fork();
    if (other == 0) {
        setpgid(0, 0);
        waits();
    }
    setpgid(other, other);
    int status;
    CHECK(waitpid(0, &status, WNOHANG) == 0);
    kill(-other, SIGTERM);
    CHECK(waitpid(-other, &status, 0) == other);
    FAILS(waitpid(-other, &status, 0), ECHILD);
    kill(own, SIGTERM);
    CHECK(waitpid(0, &status, 0) == own);
}

static void sigchld(void) {
    handle_chld(0);
    chlds = 0;
    pid_t child = child_that(waits);
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    CHECK(chlds == 1 && last.si_code == CLD_STOPPED && last.si_status == SIGSTOP && last.si_pid == child);
    kill(child, SIGCONT);
    waitpid(child, NULL, WCONTINUED);
    for (int i = 0; i < 1000 && chlds < 2; ++i) // on Linux the child itself reports, when it runs
        usleep(1000);
    CHECK(chlds == 2 && last.si_code == CLD_CONTINUED);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK(chlds == 3 && last.si_code == CLD_KILLED && last.si_status == SIGKILL);
    handle_chld(SA_NOCLDSTOP);
    child = child_that(waits);
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    kill(child, SIGCONT);
    waitpid(child, NULL, WCONTINUED);
    CHECK(chlds == 3);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK(chlds == 4);
    handle_chld(SA_NOCLDWAIT);
    child = child_that(exits);
    FAILS(waitpid(child, NULL, 0), ECHILD); // waits until all children have ended, and finds none
    CHECK(chlds == 5);
    // The SIGCHLD of the child that is waited for does not interrupt the wait, whatever flags its handler has.
    signal(SIGCHLD, SIG_DFL);
    struct sigaction action = {.sa_sigaction = on_chld, .sa_flags = SA_SIGINFO};
    sigaction(SIGCHLD, &action, NULL);
    child = child_that(exits);
    CHECK(waitpid(child, NULL, 0) == child && chlds == 6);
    action.sa_flags |= SA_NOCLDWAIT;
    sigaction(SIGCHLD, &action, NULL);
    child = child_that(exits);
    FAILS(waitpid(child, NULL, 0), ECHILD);
    CHECK(chlds == 7);
    signal(SIGCHLD, SIG_IGN);
    child = child_that(exits);
    FAILS(wait(NULL), ECHILD);
    signal(SIGCHLD, SIG_DFL);
}

static void on_alarm(int signal) { (void)signal; }

static void interrupted(void) {
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    const pid_t child = child_that(waits);
    // repeats, in case the first comes too early
    const struct itimerval soon = {{0, 20000}, {0, 20000}}, stop = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &soon, NULL);
    FAILS(waitpid(child, NULL, 0), EINTR);
    setitimer(ITIMER_REAL, &stop, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void orphans(void) {
    int ends[2];
    pipe(ends);
    WORKS(prctl(PR_SET_CHILD_SUBREAPER, 1));
    const pid_t child = fork();
    if (child == 0) {
        const pid_t grandchild = fork();
        if (grandchild == 0) {
            while (getppid() == 1 || getppid() != (pid_t)0) { // until it has been handed over
                usleep(10000);
                pid_t parent = getppid();
                write(ends[1], &parent, sizeof parent);
                _exit(3);
            }
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
    pid_t parent = 0;
    read(ends[0], &parent, sizeof parent);
    CHECK(parent == getpid());
    int status;
    CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 3);
    WORKS(prctl(PR_SET_CHILD_SUBREAPER, 0));
    const pid_t dying = fork();
    if (dying == 0) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGUSR1);
            sigset_t usr1;
            sigemptyset(&usr1);
            sigaddset(&usr1, SIGUSR1);
            sigprocmask(SIG_BLOCK, &usr1, NULL);
            write(ends[1], "r", 1);
            int got;
            sigwait(&usr1, &got);
            write(ends[1], "d", 1);
            _exit(0);
        }
        char ready;
        read(ends[0], &ready, 1);
        _exit(0);
    }
    waitpid(dying, NULL, 0);
    char told = 0;
    read(ends[0], &told, 1);
    CHECK(told == 'd');
}

static pid_t forked_by_thread;
static void* fork_in_thread(void* unused) {
    forked_by_thread = child_that(exits);
    return unused;
}
static void* exit_all(void* unused) {
    (void)unused;
    exit(9);
}
static void* just_wait(void* unused) {
    waits();
    return unused;
}
static void* outlive(void* unused) {
    (void)unused;
    usleep(50000);
    exit(6);
}

static void threads(void) {
    pthread_t thread;
    int status;
    pthread_create(&thread, NULL, fork_in_thread, NULL);
    pthread_join(thread, NULL);
    CHECK(waitpid(forked_by_thread, &status, 0) == forked_by_thread && WEXITSTATUS(status) == 5);
    status = IN_CHILD(pthread_create(&thread, NULL, just_wait, NULL); pthread_create(&thread, NULL, exit_all, NULL);
                      waits());
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    status = IN_CHILD(pthread_create(&thread, NULL, outlive, NULL); pthread_exit(NULL));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 6);
    status = IN_CHILD(pthread_create(&thread, NULL, just_wait, NULL); syscall(SYS_tgkill, getpid(), getpid(), SIGTERM);
                      waits());
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    const pid_t child = fork();
    if (child == 0) {
        pthread_create(&thread, NULL, just_wait, NULL);
        waits();
    }
    usleep(20000);
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    kill(child, SIGKILL);
    CHECK(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGKILL);
}

static void usage(void) {
    struct rusage use;
    int status;
    const pid_t child = fork();
    if (child == 0) {
        for (volatile int i = 0; i < 30000000; ++i) {
        }
        _exit(0);
    }
    CHECK(wait4(child, &status, 0, &use) == child && use.ru_utime.tv_sec * 1000000l + use.ru_utime.tv_usec > 0);
    CHECK(use.ru_minflt > 0 && use.ru_maxrss > 0);
}

int main(void) {
    errors();
    statuses();
    ids();
    groups();
    sigchld();
    interrupted();
    orphans();
    threads();
    usage();
    return failures != 0;
}
