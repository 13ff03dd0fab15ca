// shares: who has the processor. Run it on one processor under --icount, where time is counted in instructions.
//
//   shares nice       nice values weigh: two processes, and what each has of 300 ms
//   shares real-time  beside a real-time task that never sleeps others have what throttling leaves them
//   shares profile    a real-time thread that never sleeps gets the signals of its own CPU time
//   shares one        process 1 has its share beside ten that compute
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ms(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static void must(int ok, const char* what) {
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void sleep_ms(int ms) {
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, 0);
}

static void real_time(int policy, int priority) {
    const struct sched_param param = {.sched_priority = priority};
    must(sched_setscheduler(0, policy, &param) == 0, "shares: sched_setscheduler");
}

// What a child that computes has had since `*before`, which is moved on.
static int64_t had(pid_t child, int64_t* before) {
    clockid_t clock;
    must(clock_getcpuclockid(child, &clock) == 0, "shares: clock_getcpuclockid");
    const int64_t now = clock_ms(clock), had = now - *before;
    *before = now;
    return had;
}

static pid_t compute(int nice_value) {
    const pid_t child = fork();
    if (child == 0) {
        must(setpriority(PRIO_PROCESS, 0, nice_value) == 0, "shares: setpriority");
        for (;;) {
        }
    }
    return child;
}

static int near(int64_t value, int64_t due, int64_t tolerance) {
    return value >= due - tolerance && value <= due + tolerance;
}

static int nice_values(void) {
    static const struct {
        int nice;
        int64_t due_ms; // of 300, beside nice 0
    } ROWS[] = {{0, 150}, {5, 74}, {-5, 226}, {19, 4}};
    int bad = 0;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; ++i) {
        const pid_t plain = compute(0), other = compute(ROWS[i].nice);
        sleep_ms(20);
        int64_t plain_before = 0, other_before = 0;
        had(plain, &plain_before), had(other, &other_before);
        sleep_ms(300);
        const int64_t of_plain = had(plain, &plain_before), of_other = had(other, &other_before);
        kill(plain, SIGKILL), kill(other, SIGKILL);
        waitpid(plain, 0, 0), waitpid(other, 0, 0);
        const int wrong = !near(of_other, ROWS[i].due_ms, 16) || !near(of_plain + of_other, 300, 15);
        printf("shares: nice %d had %d ms beside %d ms of nice 0, due %d%s\n", ROWS[i].nice, (int)of_other,
               (int)of_plain, (int)ROWS[i].due_ms, wrong ? " (wrong)" : "");
        bad |= wrong;
    }
    return bad;
}

static void write_setting(const char* name, const char* value, int due) {
    char path[64];
    snprintf(path, sizeof path, "/proc/sys/kernel/%s", name);
    const int fd = open(path, O_WRONLY);
    must(fd >= 0, path);
    errno = 0;
    const int got = write(fd, value, strlen(value)) < 0 ? errno : 0;
    close(fd);
    if (got != due) {
        printf("shares: %s into %s: errno %d, due %d\n", value, name, got, due);
        exit(1);
    }
}

// What this process has of `length_ms` beside a FIFO task that never sleeps.
static int64_t left_beside_fifo(int length_ms) {
    const pid_t child = fork();
    if (child == 0) {
        real_time(SCHED_FIFO, 50);
        for (;;) {
        }
    }
    const int64_t end = clock_ms(CLOCK_MONOTONIC) + length_ms, before = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
    while (clock_ms(CLOCK_MONOTONIC) < end) {
    }
    const int64_t had = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - before;
    kill(child, SIGKILL);
    waitpid(child, 0, 0);
    return had;
}

static int beside_real_time(void) {
    mkdir("/proc", 0555);
    static const struct {
        const char *period, *runtime;
        int length_ms, due_ms;
    } ROWS[] = {{"1000000", "950000", 1000, 50}, {"100000", "50000", 300, 150}};
    int bad = 0;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; ++i) {
        write_setting("sched_rt_runtime_us", "-1", 0);
        write_setting("sched_rt_period_us", ROWS[i].period, 0);
        write_setting("sched_rt_runtime_us", ROWS[i].runtime, 0);
        const int64_t had = left_beside_fifo(ROWS[i].length_ms);
        const int wrong = !near(had, ROWS[i].due_ms, 25);
        printf("shares: %s of %s us for real-time tasks: %d ms left of %d, due %d%s\n", ROWS[i].runtime, ROWS[i].period,
               (int)had, ROWS[i].length_ms, ROWS[i].due_ms, wrong ? " (wrong)" : "");
        bad |= wrong;
    }
    write_setting("sched_rt_runtime_us", "1000001", EINVAL);
    write_setting("sched_rt_runtime_us", "-2", EINVAL);
    write_setting("sched_rt_period_us", "0", EINVAL);
    write_setting("sched_rt_period_us", "1000", EINVAL); // shorter than the runtime
    return bad;
}

static volatile sig_atomic_t spins = 1;
static void stop_spinning(int sig) {
    (void)sig;
    spins = 0;
}

static void* spin(void* unused) {
    real_time(SCHED_FIFO, 1);
    while (spins) {
    }
    return unused;
}

static int profile(void) {
    static const struct {
        const char* name;
        int timer, signal;
    } ROWS[] = {{"ITIMER_PROF", ITIMER_PROF, SIGPROF}, {"ITIMER_VIRTUAL", ITIMER_VIRTUAL, SIGVTALRM}};
    write_setting("sched_rt_runtime_us", "-1", 0); // nothing else may help
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; ++i) {
        spins = 1;
        signal(ROWS[i].signal, stop_spinning);
        const struct itimerval once = {.it_value = {0, 50000}};
        must(setitimer(ROWS[i].timer, &once, 0) == 0, "shares: setitimer");
        pthread_t thread;
        must(pthread_create(&thread, 0, spin, 0) == 0, "shares: pthread_create");
        pthread_join(thread, 0);
        printf("shares: the spinning thread took the signal of %s\n", ROWS[i].name);
    }
    return 0;
}

static int process_one(void) {
    must(getpid() == 1, "shares: not process 1");
    for (int i = 0; i < 10; ++i)
        compute(0);
    sleep_ms(50);
    const int64_t begin = clock_ms(CLOCK_MONOTONIC), before = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
    while (clock_ms(CLOCK_MONOTONIC) < begin + 550) {
    }
    const int64_t had = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - before;
    printf("shares: process 1 had %d ms of 550 beside ten, due 50\n", (int)had);
    return !near(had, 50, 12);
}

int main(int argc, char** argv) {
    setvbuf(stdout, 0, _IOLBF, 0);
    const char* what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "nice") == 0)
        return nice_values();
    if (strcmp(what, "real-time") == 0)
        return beside_real_time();
    if (strcmp(what, "profile") == 0)
        return profile();
    if (strcmp(what, "one") == 0)
        return process_one();
    return 64;
}
