// sigqueue(3), sigwaitinfo(2), sigtimedwait(2), sigwait(3): real-time signals queue, in order, with their values.
#include "tests/conformance/checks/check.h"

#include <pthread.h>
#include <time.h>

static int order[64], values[64], taken;

static void note(int signal, siginfo_t* info, void* context) {
    (void)context;
    order[taken] = signal;
    values[taken++] = info->si_value.sival_int;
}

static sigset_t blocked(int low, int high) {
    sigset_t set;
    sigemptyset(&set);
    for (int signal = low; signal <= high; ++signal)
        sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return set;
}

static void in_order(void) {
    const sigset_t set = blocked(SIGRTMIN, SIGRTMIN + 3);
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO, .sa_mask = set};
    for (int i = 0; i < 4; ++i)
        sigaction(SIGRTMIN + i, &action, NULL);
    for (int round = 0; round < 3; ++round)
        for (int i = 3; i >= 0; --i)
            WORKS(sigqueue(getpid(), SIGRTMIN + i, (union sigval){.sival_int = 10 * i + round}));
    CHECK(taken == 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK(taken == 12);
    for (int i = 0; i < 12; ++i) // the lowest signal first, and equal signals in the order sent
        CHECK(order[i] == SIGRTMIN + i / 3 && values[i] == 10 * (i / 3) + i % 3);
}

static void waiting(void) {
    const sigset_t set = blocked(SIGRTMIN, SIGRTMIN + 1);
    siginfo_t info;
    const struct timespec none = {0, 0}, some = {0, 30000000}, bad = {0, 1000000000};
    FAILS(sigtimedwait(&set, &info, &none), EAGAIN);
    FAILS(sigtimedwait(&set, &info, &some), EAGAIN);
    FAILS(sigtimedwait(&set, &info, &bad), EINVAL);
    FAILS(syscall(SYS_rt_sigtimedwait, &set, &info, &some, 4), EINVAL);
    FAILS(syscall(SYS_rt_sigtimedwait, (void*)-1, &info, &some, 8), EFAULT);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 5});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 6});
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 6 && info.si_code == SI_QUEUE);
    CHECK(sigtimedwait(&set, &info, &none) == SIGRTMIN + 1 && info.si_value.sival_int == 5 && info.si_pid == getpid());
    int got = 0;
    raise(SIGRTMIN);
    CHECK(sigwait(&set, &got) == 0 && got == SIGRTMIN);
    // A signal that a task waits for does not take its default action, not even if that is to ignore it.
    sigset_t chld = blocked(SIGCHLD, SIGCHLD), usr1 = blocked(SIGUSR1, SIGUSR1);
    const pid_t parent = getpid(), child = fork();
    if (child == 0) {
        usleep(30000);
        kill(parent, SIGUSR1);
        usleep(30000);
        _exit(0);
    }
    CHECK(sigwaitinfo(&usr1, &info) == SIGUSR1 && info.si_pid == child);
    CHECK(sigwaitinfo(&chld, &info) == SIGCHLD && info.si_pid == child && info.si_code == CLD_EXITED);
    waitpid(child, NULL, 0);
}

static void handler(int signal) { (void)signal; }

static void interrupted(void) {
    const sigset_t set = blocked(SIGRTMIN, SIGRTMIN);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    siginfo_t info;
    alarm(1);
    FAILS(sigwaitinfo(&set, &info), EINTR);
}

static void errors(void) {
    const union sigval value = {.sival_int = 1};
    FAILS(sigqueue(getpid(), -1, value), EINVAL);
    FAILS(sigqueue(getpid(), 65, value), EINVAL);
    FAILS(sigqueue(0x3fffffff, 0, value), ESRCH);
    WORKS(sigqueue(getpid(), 0, value));
    siginfo_t info = {.si_code = SI_USER};
    const pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    FAILS(syscall(SYS_rt_sigqueueinfo, child, SIGUSR2, &info), EPERM); // a program may not pretend to be kill(2)
    info.si_code = SI_TKILL;
    FAILS(syscall(SYS_rt_sigqueueinfo, child, SIGUSR2, &info), EPERM);
    FAILS(syscall(SYS_rt_sigqueueinfo, child, SIGUSR2, (void*)-1), EFAULT);
    info.si_code = SI_QUEUE;
    WORKS(syscall(SYS_rt_sigqueueinfo, child, SIGUSR2, &info));
    int status;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2);
    CHILD_OK(const struct rlimit five = {5, 5}; setrlimit(RLIMIT_SIGPENDING, &five); blocked(SIGRTMIN, SIGRTMIN);
             int sent = 0; while (sent < 100 && sigqueue(getpid(), SIGRTMIN, value) == 0)++ sent;
             CHECK(sent <= 5 && errno == EAGAIN));
}

static void* wait_in_thread(void* set) {
    int got = 0;
    sigwait(set, &got);
    return (void*)(long)got;
}

static void threads(void) {
    sigset_t set = blocked(SIGRTMIN + 2, SIGRTMIN + 3);
    pthread_t thread;
    void* got;
    pthread_create(&thread, NULL, wait_in_thread, &set);
    usleep(20000);
    kill(getpid(), SIGRTMIN + 2); // to the process: the thread that waits for it gets it
    pthread_join(thread, &got);
    CHECK((long)got == SIGRTMIN + 2);
    pthread_create(&thread, NULL, wait_in_thread, &set);
    pthread_kill(thread, SIGRTMIN + 3);
    pthread_join(thread, &got);
    CHECK((long)got == SIGRTMIN + 3);
    raise(SIGRTMIN + 2); // to this thread only
    sigset_t pending;
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGRTMIN + 2));
    sigwait(&set, (int[1]){0});
}

int main(void) {
    in_order();
    waiting();
    interrupted();
    errors();
    threads();
    return failures != 0;
}
