// clock_gettime(2), clock_settime(2), clock_getres(2), clock_nanosleep(2), nanosleep(2), times(2), getrusage(2).
#include "tests/conformance/checks/check.h"

#include <pthread.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}
static struct timespec moment(double seconds) {
    return (struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
}
static void ignore(int signal) { (void)signal; }

static void reading(void) {
    const clockid_t clocks[] = {CLOCK_REALTIME,          CLOCK_MONOTONIC,     CLOCK_PROCESS_CPUTIME_ID,
                                CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
                                CLOCK_MONOTONIC_COARSE,  CLOCK_BOOTTIME,      CLOCK_TAI};
    struct timespec time, before = {0, 0};
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; ++i) {
        WORKS(clock_gettime(clocks[i], &time));
        WORKS(clock_getres(clocks[i], &time));
        CHECK(time.tv_sec == 0 && time.tv_nsec >= 1 && time.tv_nsec <= 10000000);
        WORKS(clock_getres(clocks[i], NULL));
    }
    FAILS(clock_gettime(9999, &time), EINVAL);
    FAILS(clock_getres(9999, &time), EINVAL);
    FAILS(syscall(SYS_clock_gettime, CLOCK_REALTIME, (void*)-1), EFAULT);
    for (int i = 0; i < 1000; ++i) {
        clock_gettime(CLOCK_MONOTONIC, &time);
        CHECK(time.tv_nsec >= 0 && time.tv_nsec < 1000000000);
        CHECK(time.tv_sec > before.tv_sec || (time.tv_sec == before.tv_sec && time.tv_nsec >= before.tv_nsec));
        before = time;
    }
    struct timeval old;
    gettimeofday(&old, NULL);
    CHECK(now(CLOCK_REALTIME) - ((double)old.tv_sec + old.tv_usec * 1e-6) < 1);
}

static void setting(void) {
    struct timespec time, wrong = {0, -1};
    clock_gettime(CLOCK_REALTIME, &time);
    const double mono = now(CLOCK_MONOTONIC), before = now(CLOCK_REALTIME);
    FAILS(clock_settime(CLOCK_MONOTONIC, &time), EINVAL);
    FAILS(clock_settime(9999, &time), EINVAL);
    FAILS(clock_settime(CLOCK_REALTIME, &wrong), EINVAL);
    FAILS(syscall(SYS_clock_settime, CLOCK_REALTIME, (void*)-1), EFAULT);
    CHECK(clock_settime(CLOCK_PROCESS_CPUTIME_ID, &time) == -1);
    time.tv_sec += 1000;
    WORKS(clock_settime(CLOCK_REALTIME, &time));
    CHECK(now(CLOCK_REALTIME) > before + 999 && now(CLOCK_MONOTONIC) < mono + 100);
    // A sleep until a time of this clock ends when the clock is set past that time. A sleep for a duration does not.
    const pid_t absolute = fork();
    if (absolute == 0) {
        const struct timespec far = moment(now(CLOCK_REALTIME) + 500);
        _exit(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &far, NULL));
    }
    const pid_t relative = fork();
    if (relative == 0) {
        const struct timespec far = {500, 0};
        _exit(clock_nanosleep(CLOCK_REALTIME, 0, &far, NULL));
    }
    usleep(50000);
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += 600;
    clock_settime(CLOCK_REALTIME, &time);
    int status = -1;
    CHECK(waitpid(absolute, &status, 0) == absolute && status == 0);
    usleep(20000);
    CHECK(waitpid(relative, &status, WNOHANG) == 0);
    kill(relative, SIGKILL);
    waitpid(relative, &status, 0);
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec -= 1600;
    WORKS(clock_settime(CLOCK_REALTIME, &time));
    CHILD_OK(WORKS(setuid(65534)); FAILS(clock_settime(CLOCK_REALTIME, &time), EPERM));
}

static void sleeping(void) {
    struct timespec span = {0, 30000000}, left = {7, 7};
    double start = now(CLOCK_MONOTONIC);
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &span, &left) == 0 && now(CLOCK_MONOTONIC) - start >= 0.0299);
    CHECK(left.tv_sec == 7);
    CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &span, NULL) == 0);
    span = moment(now(CLOCK_MONOTONIC) + 0.03);
    start = now(CLOCK_MONOTONIC);
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &span, NULL) == 0 && now(CLOCK_MONOTONIC) - start >= 0.029);
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &span, NULL) == 0); // past already
    span = (struct timespec){0, 1000000000};
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL) == EINVAL);
    span.tv_nsec = -1;
    CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &span, NULL) == EINVAL);
    FAILS(nanosleep(&span, NULL), EINVAL);
    span = (struct timespec){-1, 0};
    FAILS(nanosleep(&span, NULL), EINVAL);
    span = (struct timespec){0, 1};
    CHECK(clock_nanosleep(9999, 0, &span, NULL) == EINVAL);
    CHECK(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &span, NULL) == EINVAL);
    CHECK(clock_nanosleep(CLOCK_MONOTONIC_COARSE, 0, &span, NULL) == ENOTSUP);
    FAILS(syscall(SYS_nanosleep, (void*)-1, NULL), EFAULT);
    const struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    // repeats, in case the first comes too early
    const struct itimerval soon = {{0, 20000}, {0, 20000}}, stop = {{0, 0}, {0, 0}};
    span = (struct timespec){5, 0};
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &span, &left) == EINTR && left.tv_sec == 4);
    span = moment(now(CLOCK_REALTIME) + 5);
    left.tv_sec = 77;
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &span, &left) == EINTR && left.tv_sec == 77);
    setitimer(ITIMER_REAL, &stop, NULL);
}

static void* burn_until(void* end) {
    while (now(CLOCK_THREAD_CPUTIME_ID) < *(double*)end) {
    }
    return NULL;
}

static void use_up_a_second(void) {
    const struct rlimit one = {1, 2};
    setrlimit(RLIMIT_CPU, &one);
    for (;;) {
    }
}

static void cpu_time(void) {
    double amount = 0.08;
    const double process = now(CLOCK_PROCESS_CPUTIME_ID), thread = now(CLOCK_THREAD_CPUTIME_ID);
    usleep(50000);
    CHECK(now(CLOCK_THREAD_CPUTIME_ID) - thread < 0.03);
    pthread_t other;
    pthread_create(&other, NULL, burn_until, &amount);
    clockid_t clock;
    CHECK(pthread_getcpuclockid(other, &clock) == 0);
    const struct timespec a_while = {0, 40000000};
    CHECK(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &a_while, NULL) == 0);
    CHECK(now(clock) > 0.02);
    pthread_join(other, NULL);
    CHECK(now(CLOCK_PROCESS_CPUTIME_ID) - process >= 0.08 + now(CLOCK_THREAD_CPUTIME_ID) - thread - 0.001);
    CHECK(clock_getcpuclockid(getpid(), &clock) == 0 && now(clock) >= 0.08);
    CHECK(clock_getcpuclockid(99999, &clock) == ESRCH);

    struct tms before, after;
    struct rusage use, children, own;
    times(&before);
    const int null = open("/dev/zero", O_RDONLY);
    static char buffer[1 << 20];
    const double end = now(CLOCK_PROCESS_CPUTIME_ID) + 0.4;
    while (now(CLOCK_PROCESS_CPUTIME_ID) < end)
        read(null, buffer, sizeof buffer);
    times(&after);
    CHECK(after.tms_stime - before.tms_stime >= 20); // most of it was the kernel's
    amount = now(CLOCK_THREAD_CPUTIME_ID) + 0.3;
    times(&before);
    for (volatile int i = 0; i % 100000 != 0 || now(CLOCK_THREAD_CPUTIME_ID) < amount; ++i) {
    }
    times(&after);
    CHECK(after.tms_utime - before.tms_utime >= 20);
    getrusage(RUSAGE_SELF, &use);
    getrusage(RUSAGE_THREAD, &own);
    CHECK(use.ru_stime.tv_sec + use.ru_stime.tv_usec * 1e-6 >= 0.2 && own.ru_utime.tv_usec + own.ru_utime.tv_sec > 0);
    FAILS(getrusage(77, &use), EINVAL);
    FAILS(syscall(SYS_getrusage, RUSAGE_SELF, (void*)-1), EFAULT);
    CHILD_OK(amount = 0.1; burn_until(&amount));
    getrusage(RUSAGE_CHILDREN, &children);
    times(&after);
    CHECK(children.ru_utime.tv_usec + children.ru_stime.tv_usec >= 90000 && after.tms_cutime + after.tms_cstime >= 9);
    DIES(use_up_a_second(), SIGXCPU);
}

int main(void) {
    reading();
    setting();
    sleeping();
    cpu_time();
    return failures != 0;
}
