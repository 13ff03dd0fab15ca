// kill(2), tkill(2), killpg(3), credentials(7): which processes may signal which, and which ones a call means.
#include "tests/conformance/checks/check.h"

#include <grp.h>

static volatile int caught;
static void count(int signal) {
    (void)signal;
    ++caught;
}
static pid_t sleeper(uid_t user) {
    int ready[2];
    pipe(ready);
    const pid_t child = fork();
    if (child == 0) {
        if (user != 0)
            setresuid(user, user, user);
        write(ready[1], "x", 1);
        for (;;)
            pause();
    }
    char byte;
    read(ready[0], &byte, 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}
static int end_of(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

static void errors(void) {
    FAILS(kill(getpid(), -1), EINVAL);
    FAILS(kill(getpid(), 65), EINVAL);
    FAILS(kill(0x3fffffff, 0), ESRCH);
    FAILS(kill(0x3fffffff, SIGTERM), ESRCH);
    FAILS(kill(-0x3fffffff, SIGTERM), ESRCH);
    WORKS(kill(getpid(), 0));
    FAILS(syscall(SYS_tkill, 0, SIGTERM), EINVAL);
    FAILS(syscall(SYS_tkill, -1, SIGTERM), EINVAL);
    FAILS(syscall(SYS_tkill, 0x3fffffff, SIGTERM), ESRCH);
    FAILS(syscall(SYS_tgkill, -1, getpid(), SIGTERM), EINVAL);
    FAILS(syscall(SYS_tgkill, getpid(), -1, SIGTERM), EINVAL);
    FAILS(syscall(SYS_tgkill, getppid(), getpid(), SIGTERM), ESRCH);
    FAILS(kill((pid_t)0x80000000, 0), ESRCH);
    FAILS(killpg(0x3fffffff, SIGTERM), ESRCH);
    // A zombie still exists.
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    usleep(20000);
    WORKS(kill(child, 0));
    WORKS(kill(child, SIGKILL));
    waitpid(child, NULL, 0);
    FAILS(kill(child, 0), ESRCH);
}

static void groups(void) {
    signal(SIGUSR1, count);
    const pid_t leader = sleeper(0);
    setpgid(leader, leader);
    const pid_t second = sleeper(0);
    setpgid(second, leader);
    caught = 0;
    WORKS(killpg(leader, SIGUSR2));
    CHECK(end_of(leader) == SIGUSR2 && end_of(second) == SIGUSR2 && caught == 0);
    FAILS(killpg(leader, 0), ESRCH);
    CHILD_OK(setpgid(0, 0); signal(SIGUSR1, count); const pid_t mate = fork(); if (mate == 0) {
        signal(SIGUSR1, SIG_DFL);
        for (;;)
            pause();
    } usleep(20000);
             caught = 0; WORKS(kill(0, SIGUSR1)); CHECK(caught == 1 && end_of(mate) == SIGUSR1));
}

static void permissions(void) {
    const pid_t root = sleeper(0), nobody = sleeper(65534);
    CHILD_OK(WORKS(setuid(65534)); CHECK(getuid() == 65534 && geteuid() == 65534); FAILS(kill(root, SIGTERM), EPERM);
             FAILS(kill(root, 0), EPERM); FAILS(kill(1, SIGTERM), EPERM); WORKS(kill(nobody, 0));
             FAILS(syscall(SYS_tkill, root, SIGTERM), EPERM);
             FAILS(sigqueue(root, SIGTERM, (union sigval){.sival_int = 0}), EPERM); WORKS(kill(root, SIGCONT));
             FAILS(setuid(0), EPERM); FAILS(setresuid(0, 0, 0), EPERM); FAILS(setgid(4711), EPERM));
    CHILD_OK(WORKS(setresuid(-1, 65534, -1)); CHECK(getuid() == 0 && geteuid() == 65534);
             FAILS(kill(nobody, -2), EINVAL); WORKS(kill(root, 0)); // their real ids are the same
             WORKS(seteuid(0)); CHECK(geteuid() == 0));
    CHILD_OK(uid_t r; uid_t e; uid_t s; WORKS(setresuid(1, 2, 3)); getresuid(&r, &e, &s);
             CHECK(r == 1 && e == 2 && s == 3); WORKS(setresuid(3, 1, 2)); getresuid(&r, &e, &s);
             CHECK(r == 3 && e == 1 && s == 2); FAILS(setresuid(4, -1, -1), EPERM); WORKS(setreuid(1, 3));
             FAILS(seteuid(77), EPERM));
    CHILD_OK(gid_t r; gid_t e; gid_t s; gid_t list[4] = {10, 20, 30}; WORKS(setresgid(1, 2, 3)); getresgid(&r, &e, &s);
             CHECK(r == 1 && e == 2 && s == 3); WORKS(setgroups(3, list)); CHECK(getgroups(0, NULL) == 3);
             CHECK(getgroups(4, list) == 3 && list[2] == 30); FAILS(getgroups(2, list), EINVAL);
             FAILS(getgroups(-1, list), EINVAL); WORKS(setuid(1)); FAILS(setgroups(0, NULL), EPERM));
    kill(nobody, SIGKILL);
    kill(root, SIGKILL);
    end_of(nobody);
    end_of(root);
    CHILD_OK(sethostname("changed", 7); char name[65] = ""; gethostname(name, sizeof name);
             CHECK(strcmp(name, "changed") == 0); FAILS(sethostname("x", -1), EINVAL);
             FAILS(sethostname("x", 65), EINVAL); FAILS(sethostname((void*)-1, 3), EFAULT); sethostname("(none)", 6);
             setuid(1); FAILS(sethostname("x", 1), EPERM));
}

// Of all signals, only SIGKILL ends a process that blocks everything; and SIGKILL always does.
static void unstoppable(void) {
    const pid_t child = fork();
    if (child == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        for (;;)
            pause();
    }
    usleep(20000);
    for (int signal = 1; signal < 32; ++signal)
        if (signal != SIGKILL && signal != SIGSTOP)
            WORKS(kill(child, signal));
    usleep(20000);
    CHECK(waitpid(child, NULL, WNOHANG) == 0);
    kill(child, SIGSTOP);
    int status;
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    kill(child, SIGKILL);
    CHECK(end_of(child) == SIGKILL);
}

int main(void) {
    errors();
    groups();
    permissions();
    unstoppable();
    return failures != 0;
}
