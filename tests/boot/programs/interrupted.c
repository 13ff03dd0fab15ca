// interrupted: which calls go on after a stop and a continuation, and for how long; sleeps and timers on CPU time; what poll,
// select and membarrier refuse. As Linux 6.1 does. Run it under --icount, where time is counted in instructions.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int bad;
#define WANT(ok, ...)                                                                                                  \
    do {                                                                                                               \
        if (!(ok)) {                                                                                                   \
            bad = 1;                                                                                                   \
            printf("interrupted: line %d: ", __LINE__);                                                                \
            printf(__VA_ARGS__);                                                                                       \
            putchar('\n');                                                                                             \
            fflush(stdout);                                                                                            \
        }                                                                                                              \
    } while (0)

static int64_t now_ms(clockid_t clock) {
    struct timespec t = {0, 0};
    clock_gettime(clock, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}
static void sleep_ms(int ms) {
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, 0);
}
static void spin_ms(int ms) {
    for (const int64_t end = now_ms(CLOCK_THREAD_CPUTIME_ID) + ms; now_ms(CLOCK_THREAD_CPUTIME_ID) < end;) {
    }
}

static int ends[2]; // a pipe in which nothing comes
static uint32_t word;

static long polls(void) { return poll(&(struct pollfd){ends[0], POLLIN, 0}, 1, 200); }
// What the calls made by number take. A C library may have a wider time_t for its own.
struct raw_timespec {
    long tv_sec, tv_nsec;
};

static long ppolls(void) {
    struct raw_timespec t = {0, 200000000};
    return syscall(SYS_ppoll, &(struct pollfd){ends[0], POLLIN, 0}, 1, &t, 0, 0);
}
static long selects(void) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    struct timeval t = {0, 200000};
    const long result = select(ends[0] + 1, &set, 0, 0, &t);
    WANT(t.tv_sec == 0 && t.tv_usec == 0, "select left %d us of its time", (int)t.tv_usec);
    return result;
}
static long pselects(void) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    struct raw_timespec t = {0, 200000000};
    return syscall(SYS_pselect6, ends[0] + 1, &set, 0, 0, &t, 0);
}
static long sleeps(void) { return nanosleep(&(struct timespec){0, 200000000}, 0); }
static long sleeps_until(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += 200000000;
    if (t.tv_nsec >= 1000000000)
        ++t.tv_sec, t.tv_nsec -= 1000000000;
    return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0);
}
static long futex_waits(void) {
    const long result = syscall(SYS_futex, &word, 0, 0, &(struct raw_timespec){0, 200000000}, 0, 0);
    return result == -1 && errno == ETIMEDOUT ? 0 : -2;
}

// Those that are made again with what is left of their time wait longer by the length of the stops.
static const struct {
    const char* name;
    long (*call)(void);
    int due_ms;
} STOPPED[] = {
    {"poll", polls, 200},        {"ppoll", ppolls, 280},     {"select", selects, 280},
    {"pselect6", pselects, 280}, {"nanosleep", sleeps, 200}, {"clock_nanosleep", sleeps_until, 200},
    {"futex", futex_waits, 200},
};

// A call of 200 ms is stopped after 50 for 40, twice.
static void goes_on_after_stops(void) {
    for (size_t i = 0; i < sizeof STOPPED / sizeof *STOPPED; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            const int64_t begin = now_ms(CLOCK_MONOTONIC);
            bad = errno = 0;
            const long result = STOPPED[i].call();
            const int took = (int)(now_ms(CLOCK_MONOTONIC) - begin);
            WANT(result == 0 && took >= STOPPED[i].due_ms - 1 && took <= STOPPED[i].due_ms + 15,
                 "%s over two stops: %ld (%s) after %d ms", STOPPED[i].name, result, strerror(errno), took);
            _exit(bad);
        }
        int status = 0;
        for (int stop = 0; stop < 2; ++stop) {
            sleep_ms(50);
            kill(child, SIGSTOP);
            waitpid(child, &status, WUNTRACED);
            sleep_ms(40);
            kill(child, SIGCONT);
        }
        waitpid(child, &status, 0);
        WANT(status == 0, "%s: status 0x%x", STOPPED[i].name, status);
    }
}

static void behind_the_table(void) {
    const struct rlimit few = {100, 100};
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){few.rlim_cur, before.rlim_max});
    static struct pollfd entries[101];
    for (int i = 0; i < 101; ++i)
        entries[i].fd = -1;
    WANT(poll(entries, 100, 0) == 0, "poll of as many as RLIMIT_NOFILE");
    errno = 0;
    WANT(poll(entries, 101, 0) == -1 && errno == EINVAL, "poll of more than RLIMIT_NOFILE: %s", strerror(errno));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(1000, &set);
    errno = 0;
    struct timeval none = {0, 0};
    WANT(select(1001, &set, 0, 0, &none) == 0, "select behind the table: %s", strerror(errno));
    FD_SET(20, &set);
    WANT(select(1001, &set, 0, 0, &none) == -1 && errno == EBADF, "select of a closed descriptor: %s", strerror(errno));
    setrlimit(RLIMIT_NOFILE, &before);
}

static volatile sig_atomic_t came;
static void count(int sig) {
    (void)sig;
    ++came;
}
static void* spin_beside(void* ms) {
    spin_ms((int)(intptr_t)ms);
    return 0;
}

static long raw_sleep(clockid_t clock, int flags, const struct raw_timespec* until, struct raw_timespec* left) {
    return syscall(SYS_clock_nanosleep, clock, flags, until, left);
}

static void cpu_time(void) {
    const struct raw_timespec ms = {0, 1000000};
    errno = 0;
    WANT(raw_sleep(CLOCK_THREAD_CPUTIME_ID, 0, &ms, 0) == -1 && errno == EOPNOTSUPP, "own thread: %s", strerror(errno));
    clockid_t own;
    pthread_getcpuclockid(pthread_self(), &own);
    WANT(raw_sleep(own, 0, &ms, 0) == -1 && errno == EINVAL, "own thread by number: %s", strerror(errno));

    const pid_t child = fork();
    if (child == 0)
        for (;;) {
        }
    clockid_t of_child;
    clock_getcpuclockid(child, &of_child);
    const int64_t begin = now_ms(of_child);
    WANT(raw_sleep(of_child, 0, &(struct raw_timespec){0, 50000000}, 0) == 0, "sleep on a child's time: %s",
         strerror(errno));
    int had = (int)(now_ms(of_child) - begin);
    WANT(had >= 49 && had <= 65, "slept for %d ms of a child's time", had);

    // A signal ends it, and tells what is left.
    signal(SIGALRM, count);
    const struct sigevent alarm = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    struct sigevent event = alarm;
    timer_t timer;
    struct itimerspec once = {.it_value = {0, 30000000}};
    WANT(timer_create(of_child, &event, &timer) == 0 && timer_settime(timer, 0, &once, 0) == 0,
         "a timer on a child's time");
    struct raw_timespec left = {9, 9};
    WANT(raw_sleep(of_child, 0, &(struct raw_timespec){0, 200000000}, &left) == -1 && errno == EINTR && came == 1,
         "interrupted: %s, %d signals", strerror(errno), (int)came);
    WANT(left.tv_sec == 0 && left.tv_nsec > 150000000 && left.tv_nsec <= 171000000, "%d us left",
         (int)left.tv_nsec / 1000);

    // What stands on a clock that ends stays there.
    timer_settime(timer, 0, &once, 0);
    kill(child, SIGKILL);
    waitpid(child, 0, 0);
    WANT(timer_delete(timer) == 0, "timer_delete after the clock's end");

    // A thread's clock counts that thread only.
    came = 0;
    event = alarm;
    WANT(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) == 0 && timer_settime(timer, 0, &once, 0) == 0,
         "a timer on a thread's time");
    pthread_t thread;
    pthread_create(&thread, 0, spin_beside, (void*)(intptr_t)60);
    pthread_join(thread, 0);
    WANT(came == 0, "another thread's time counted");
    spin_ms(45);
    WANT(came == 1, "its own did not");
    timer_delete(timer);

    // Many timers, as they expire.
    static timer_t many[300];
    came = 0;
    for (int i = 0; i < 300; ++i) {
        event = alarm;
        const struct itimerspec later = {.it_value = {0, 5000000 + i % 7 * 1000000}};
        if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &many[i]) != 0 ||
            timer_settime(many[i], 0, &later, 0) != 0) {
            WANT(0, "timer %d: %s", i, strerror(errno));
            return;
        }
    }
    spin_ms(120);
    for (int i = 0; i < 300; ++i) {
        struct itimerspec rest;
        timer_gettime(many[i], &rest);
        WANT(rest.it_value.tv_sec == 0 && rest.it_value.tv_nsec == 0, "timer %d has not expired", i);
        timer_delete(many[i]);
    }
    WANT(came != 0, "no signal of many timers");
}

static void barriers(void) {
    const long served = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    const int pairs[][2] = {
        {MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED},
        {MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE},
    };
    for (int i = 0; i < 2; ++i) {
        WANT((served & pairs[i][0]) != 0 && (served & pairs[i][1]) != 0, "membarrier serves 0x%lx", served);
        errno = 0;
        WANT(syscall(SYS_membarrier, pairs[i][0], 0, 0) == -1 && errno == EPERM, "not registered: %s", strerror(errno));
        WANT(syscall(SYS_membarrier, pairs[i][1], 0, 0) == 0, "registers: %s", strerror(errno));
        WANT(syscall(SYS_membarrier, pairs[i][0], 0, 0) == 0, "registered: %s", strerror(errno));
    }
    WANT(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0, "global: %s", strerror(errno));
}

int main(void) {
    if (pipe(ends) != 0)
        return 1;
    goes_on_after_stops();
    behind_the_table();
    cpu_time();
    barriers();
    return bad;
}
