// timer_create(2) and its family, setitimer(2), alarm(2).
#include "tests/conformance/checks/check.h"

#include <pthread.h>
#include <sys/time.h>
#include <time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static volatile int fired, overruns, value;
static volatile pid_t by;

static void on_timer(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    ++fired;
    overruns += info->si_overrun;
    value = info->si_value.sival_int;
    by = (pid_t)syscall(SYS_gettid);
    CHECK(info->si_code == SI_TIMER);
}
static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}
static struct timespec span(double seconds) {
    return (struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
}
static void set(timer_t timer, double first, double interval) {
    const struct itimerspec setting = {span(interval), span(first)};
    WORKS(timer_settime(timer, 0, &setting, NULL));
}
static void burn(double seconds) {
    const double end = now(CLOCK_PROCESS_CPUTIME_ID) + seconds;
    while (now(CLOCK_PROCESS_CPUTIME_ID) < end) {
    }
}

static void errors(void) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec setting = {{0, 0}, {0, 1}};
    FAILS(timer_create(9999, &event, &timer), EINVAL);
    FAILS(timer_create(-1, &event, &timer), EINVAL);
    event.sigev_notify = 77;
    FAILS(timer_create(CLOCK_REALTIME, &event, &timer), EINVAL);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = 65;
    FAILS(timer_create(CLOCK_REALTIME, &event, &timer), EINVAL);
    event.sigev_signo = SIGUSR1;
    FAILS(syscall(SYS_timer_create, CLOCK_REALTIME, (void*)-1, &timer), EFAULT);
    WORKS(timer_create(CLOCK_REALTIME, &event, &timer));
    setting.it_value.tv_nsec = 1000000000;
    FAILS(timer_settime(timer, 0, &setting, NULL), EINVAL);
    setting.it_value.tv_nsec = -1;
    FAILS(timer_settime(timer, 0, &setting, NULL), EINVAL);
    setting.it_value = (struct timespec){-1, 0};
    FAILS(timer_settime(timer, 0, &setting, NULL), EINVAL);
    WORKS(timer_delete(timer));
    int id;
    WORKS(syscall(SYS_timer_create, CLOCK_REALTIME, &event, &id));
    WORKS(syscall(SYS_timer_delete, id));
    FAILS(syscall(SYS_timer_delete, id), EINVAL);
    FAILS(syscall(SYS_timer_getoverrun, id), EINVAL);
    FAILS(syscall(SYS_timer_gettime, id, &setting), EINVAL);
    setting.it_value = (struct timespec){0, 0};
    FAILS(syscall(SYS_timer_settime, id, 0, &setting, NULL), EINVAL);
    FAILS(syscall(SYS_timer_create, CLOCK_REALTIME, &event, (void*)-1), EFAULT);
}

static void one_shot(clockid_t clock) {
    struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN, &action, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 99};
    timer_t timer;
    WORKS(timer_create(clock, &event, &timer));
    struct itimerspec setting;
    timer_gettime(timer, &setting);
    CHECK(setting.it_value.tv_sec == 0 && setting.it_value.tv_nsec == 0);
    fired = 0;
    const double start = now(CLOCK_MONOTONIC);
    set(timer, 0.1, 0);
    timer_gettime(timer, &setting);
    CHECK(setting.it_value.tv_sec == 0 && setting.it_value.tv_nsec > 50000000 && setting.it_value.tv_nsec <= 100000000);
    pause();
    CHECK(fired == 1 && value == 99 && now(CLOCK_MONOTONIC) - start >= 0.099);
    timer_gettime(timer, &setting);
    CHECK(setting.it_value.tv_sec == 0 && setting.it_value.tv_nsec == 0);
    const struct itimerspec past = {{0, 0}, {1, 0}}, absolute = {{0, 0}, span(now(clock) + 0.05)},
                            stop = {{0, 0}, {0, 0}};
    timer_settime(timer, TIMER_ABSTIME, &past, NULL); // at once
    usleep(1000);
    CHECK(fired == 2);
    timer_settime(timer, TIMER_ABSTIME, &absolute, NULL);
    pause();
    CHECK(fired == 3);
    set(timer, 0.03, 0);
    struct itimerspec old;
    timer_settime(timer, 0, &stop, &old);
    CHECK(old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 30000000);
    usleep(60000);
    CHECK(fired == 3);
    timer_delete(timer);
}

static void periodic(void) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    timer_t timer;
    sigset_t set_of, none;
    sigemptyset(&set_of);
    sigemptyset(&none);
    sigaddset(&set_of, SIGRTMIN);
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    fired = overruns = 0;
    set(timer, 0.02, 0.02);
    const double start = now(CLOCK_MONOTONIC);
    while (fired < 5)
        pause();
    CHECK(now(CLOCK_MONOTONIC) - start >= 0.099);
    sigprocmask(SIG_BLOCK, &set_of, NULL);
    set(timer, 0.01, 0.01);
    fired = overruns = 0;
    usleep(105000);
    sigsuspend(&none);
    CHECK(fired == 1 && overruns >= 8);
    CHECK(timer_getoverrun(timer) == overruns);
    set(timer, 0.000001, 0.000000001); // costs this program time, and no other
    usleep(10000);
    set(timer, 0, 0);
    sigprocmask(SIG_UNBLOCK, &set_of, NULL);
    timer_delete(timer);
}

static void silent(void) {
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    timer_t timer;
    struct itimerspec setting;
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    set(timer, 0.05, 0.1);
    usleep(80000);
    timer_gettime(timer, &setting);
    CHECK(setting.it_value.tv_nsec > 0 && setting.it_value.tv_nsec <= 75000000 &&
          setting.it_interval.tv_nsec == 100000000);
    timer_delete(timer);
}

static volatile pid_t thread_id;
static volatile int go_on = 1;
static void* spin(void* unused) {
    thread_id = (pid_t)syscall(SYS_gettid);
    while (go_on)
        usleep(1000);
    return unused;
}

static volatile int notified;
static void notify(union sigval given) { notified = given.sival_int; }

static void to_threads(void) {
    pthread_t thread;
    timer_t timer;
    pthread_create(&thread, NULL, spin, NULL);
    while (thread_id == 0)
        usleep(1000);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
    event.sigev_notify_thread_id = 1;
    FAILS(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
    event.sigev_notify_thread_id = thread_id;
    WORKS(timer_create(CLOCK_MONOTONIC, &event, &timer));
    fired = by = 0;
    set(timer, 0.01, 0);
    for (int i = 0; i < 100 && fired == 0; ++i)
        usleep(5000);
    CHECK(fired == 1 && by == thread_id);
    timer_delete(timer);
    go_on = 0;
    pthread_join(thread, NULL);
    struct sigevent call = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify, .sigev_value.sival_int = 31};
    WORKS(timer_create(CLOCK_REALTIME, &call, &timer));
    set(timer, 0.01, 0);
    for (int i = 0; i < 200 && notified == 0; ++i)
        usleep(5000);
    CHECK(notified == 31);
    timer_delete(timer);
}

static void cpu_timers(void) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    const clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    for (int i = 0; i < 2; ++i) {
        timer_t timer;
        WORKS(timer_create(clocks[i], &event, &timer));
        fired = 0;
        set(timer, 0.05, 0);
        usleep(80000); // takes no CPU time
        CHECK(fired == 0);
        burn(0.1);
        CHECK(fired == 1);
        timer_delete(timer);
    }
}

static volatile int alarms, virtuals, profs;
static void count(int signal) { ++*(signal == SIGALRM ? &alarms : signal == SIGVTALRM ? &virtuals : &profs); }

static void interval_timers(void) {
    struct itimerval setting = {{0, 20000}, {0, 20000}}, old;
    FAILS(setitimer(3, &setting, NULL), EINVAL);
    FAILS(getitimer(-1, &setting), EINVAL);
    FAILS(syscall(SYS_setitimer, ITIMER_REAL, (void*)-1, NULL), EFAULT);
    setting.it_value.tv_usec = 1000000;
    FAILS(setitimer(ITIMER_REAL, &setting, NULL), EINVAL);
    setting.it_value.tv_usec = 20000;
    for (int signal = SIGALRM;; signal = signal == SIGALRM ? SIGVTALRM : SIGPROF) {
        struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
        sigaction(signal, &action, NULL);
        if (signal == SIGPROF)
            break;
    }
    setitimer(ITIMER_REAL, &setting, NULL);
    for (int i = 0; i < 4; ++i)
        pause();
    CHECK(alarms >= 4);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, &old);
    CHECK(old.it_interval.tv_usec == 20000 && old.it_value.tv_usec > 0 && old.it_value.tv_usec <= 20000);
    setitimer(ITIMER_VIRTUAL, &setting, NULL);
    setitimer(ITIMER_PROF, &setting, NULL);
    usleep(100000);
    CHECK(virtuals == 0 && profs == 0);
    burn(0.3);
    CHECK(profs >= 2);
    const double end = now(CLOCK_MONOTONIC) + 20;
    for (volatile int i = 0; virtuals < 2 && (i % 4096 != 0 || now(CLOCK_MONOTONIC) < end); ++i) {
    }
    CHECK(virtuals >= 2);
    CHILD_OK(getitimer(ITIMER_PROF, &old); CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0));
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    setitimer(ITIMER_PROF, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    CHECK(alarm(10) == 0 && alarm(1) == 10);
    alarms = 0;
    pause();
    CHECK(alarms == 1 && alarm(0) == 0);
}

int main(void) {
    errors();
    one_shot(CLOCK_REALTIME);
    one_shot(CLOCK_MONOTONIC);
    periodic();
    silent();
    to_threads();
    cpu_timers();
    interval_timers();
    return failures != 0;
}
