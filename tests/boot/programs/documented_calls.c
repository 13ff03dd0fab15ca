// documented_calls: reads lines "NUMBER there|missing NAME", makes each of these system calls, with every argument -1, and
// if need be 0 (futex(2) has operations that are missing), and compares whether it answers ENOSYS. A child makes the call:
// it may end, sleep, lose its memory or get a signal, as from some of ARM's own calls. Only an answer of ENOSYS counts as
// missing. Exit status 1: a line was wrong.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENOSYS_ANSWER = -38, IS_MISSING = 38, SECONDS = 1 };

// Without the C library, which keeps errno in memory that some calls take away.
static int call(unsigned number, int argument) {
    register int r0 __asm__("r0") = argument;
    register int r1 __asm__("r1") = argument;
    register int r2 __asm__("r2") = argument;
    register int r3 __asm__("r3") = argument;
    register int r4 __asm__("r4") = argument;
    register int r5 __asm__("r5") = argument;
    register unsigned r7 __asm__("r7") = number;
    __asm__ volatile("svc 0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7) : "memory");
    return r0;
}

static void leave(int status) {
    register int r0 __asm__("r0") = status;
    register unsigned r7 __asm__("r7") = 248; // exit_group
    __asm__ volatile("svc 0" : : "r"(r0), "r"(r7));
}

static int is_missing(unsigned number) {
    const pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        leave(call(number, -1) == ENOSYS_ANSWER && call(number, 0) == ENOSYS_ANSWER ? IS_MISSING : 0);
    }
    setpgid(child, child);
    const struct timespec patience = {SECONDS, 0}; // with a call that sleeps, whatever signals it blocks
    sigset_t child_ends;
    sigemptyset(&child_ends);
    sigaddset(&child_ends, SIGCHLD);
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0)
        if (sigtimedwait(&child_ends, NULL, &patience) < 0)
            kill(child, SIGKILL);
    kill(-child, SIGKILL); // what it may have forked
    return WIFEXITED(status) && WEXITSTATUS(status) == IS_MISSING;
}

int main(void) {
    sigset_t child_ends;
    sigemptyset(&child_ends);
    sigaddset(&child_ends, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ends, NULL);
    char expected[16], name[64];
    unsigned number, calls = 0, wrong = 0;
    while (scanf("%u %15s %63s", &number, expected, name) == 3) {
        const int missing = is_missing(number);
        if (missing != (strcmp(expected, "missing") == 0)) {
            printf("%s (%u): listed as %s, but %s\n", name, number, expected, missing ? "ENOSYS" : "served");
            ++wrong;
        }
        ++calls;
    }
    printf("%u calls, %u wrong\n", calls, wrong);
    return wrong != 0;
}
