// Timers as files: timerfd_create(2).
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#define MS 1000000L
#ifndef CLOCK_REALTIME_ALARM
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9
#endif

static int set(int fd, int flags, time_t sec, long nsec, long interval_nsec) {
    struct itimerspec setting = {{interval_nsec / 1000000000, interval_nsec % 1000000000}, {sec, nsec}};
    return timerfd_settime(fd, flags, &setting, NULL);
}
static long long left_ns(int fd) {
    struct itimerspec setting;
    if (timerfd_gettime(fd, &setting) != 0)
        return -1;
    return setting.it_value.tv_sec * 1000000000LL + setting.it_value.tv_nsec;
}
static uint64_t ticks(int fd) {
    uint64_t value = 0;
    return read(fd, &value, sizeof value) == sizeof value ? value : 0;
}
static int readable(int fd, int timeout_ms) {
    struct pollfd entry = {fd, POLLIN | POLLOUT, 0};
    return poll(&entry, 1, timeout_ms) == 1 ? entry.revents : 0;
}
static long long now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void arguments(void) {
    FAILS(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
    FAILS(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
    FAILS(timerfd_create(CLOCK_MONOTONIC_RAW, 0), EINVAL);
    FAILS(timerfd_create(CLOCK_TAI, 0), EINVAL);
    FAILS(timerfd_create(-1, 0), EINVAL);
    CHILD_OK({
        WORKS(setuid(1000));
        FAILS(timerfd_create(CLOCK_REALTIME_ALARM, 0), EPERM);
        FAILS(timerfd_create(CLOCK_BOOTTIME_ALARM, 0), EPERM);
    });
    const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK));
    int pair[2];
    WORKS(pipe(pair));
    struct itimerspec setting = {{0, 0}, {0, 0}};
    FAILS(syscall(__NR_timerfd_settime, fd, 0, (void*)8, NULL), EFAULT);
    FAILS(timerfd_settime(fd, 4, &setting, NULL), EINVAL);
    FAILS(timerfd_settime(-1, 0, &setting, NULL), EBADF);
    FAILS(timerfd_settime(pair[0], 0, &setting, NULL), EINVAL);
    FAILS(timerfd_gettime(pair[0], &setting), EINVAL);
    FAILS(timerfd_gettime(-1, &setting), EBADF);
    FAILS(syscall(__NR_timerfd_gettime, fd, (void*)8), EFAULT);
    FAILS(set(fd, 0, -1, 0, 0), EINVAL);
    FAILS(set(fd, 0, 0, 1000000000, 0), EINVAL);
    setting.it_interval.tv_nsec = -1;
    FAILS(timerfd_settime(fd, 0, &setting, NULL), EINVAL);
    uint64_t value;
    FAILS(read(fd, &value, 7), EINVAL);
    FAILS(read(fd, &value, 8), EAGAIN);
    FAILS(write(fd, &value, 8), EINVAL);
    CHECK(left_ns(fd) == 0);
    close(fd), close(pair[0]), close(pair[1]);
}

static void expirations(clockid_t clock) {
    const int fd = timerfd_create(clock, 0);
    WORKS(fd);
    long long before = now_ns(CLOCK_MONOTONIC);
    WORKS(set(fd, 0, 0, 20 * MS, 0));
    CHECK(left_ns(fd) > 0 && left_ns(fd) <= 20 * MS);
    CHECK(readable(fd, 0) == 0);
    CHECK(ticks(fd) == 1); // waits
    CHECK(now_ns(CLOCK_MONOTONIC) - before >= 20 * MS);
    CHECK(left_ns(fd) == 0 && readable(fd, 0) == 0);

    // poll, and the setting before
    WORKS(set(fd, 0, 100, 0, 3 * MS));
    struct itimerspec setting = {{0, 0}, {0, 10 * MS}}, old;
    WORKS(timerfd_settime(fd, 0, &setting, &old));
    CHECK(old.it_interval.tv_sec == 0 && old.it_interval.tv_nsec == 3 * MS && old.it_value.tv_sec == 99);
    CHECK(readable(fd, -1) == POLLIN);
    CHECK(readable(fd, 0) == POLLIN); // until it is read
    WORKS(set(fd, 0, 0, 0, 0));       // or set anew
    CHECK(readable(fd, 0) == 0);

    // a period: what nobody reads is counted
    WORKS(set(fd, 0, 0, 1, 5 * MS));
    usleep(52000);
    const uint64_t count = ticks(fd);
    CHECK(count >= 10);
    CHECK(ticks(fd) >= 1);
    CHECK(left_ns(fd) <= 5 * MS);
    usleep(30000);
    (void)left_ns(fd); // counts, too
    CHECK(ticks(fd) >= 5);
    // one expiration is one edge, until the program looks at the timer
    const int ep = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    WORKS(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
    CHECK(epoll_wait(ep, &event, 1, -1) == 1 && event.events == EPOLLIN);
    CHECK(epoll_wait(ep, &event, 1, 20) == 0);
    CHECK(ticks(fd) >= 2);
    CHECK(epoll_wait(ep, &event, 1, -1) == 1);
    close(ep);

    // absolute times, also past ones
    long long when = now_ns(clock) + 20 * MS;
    WORKS(set(fd, TFD_TIMER_ABSTIME, when / 1000000000, when % 1000000000, 0));
    CHECK(left_ns(fd) <= 20 * MS);
    CHECK(ticks(fd) == 1);
    CHECK(now_ns(clock) >= when);
    WORKS(set(fd, TFD_TIMER_ABSTIME, 0, 1, 0));
    CHECK(ticks(fd) == 1);
    WORKS(set(fd, TFD_TIMER_ABSTIME, 0, 1, 10 * MS)); // with all the periods since then
    CHECK(ticks(fd) >= (uint64_t)when / (10 * MS));
    close(fd);
}

static void large_times(void) {
    struct {
        int64_t interval_sec, interval_nsec, sec, nsec;
    } setting = {1, 2, (int64_t)1 << 33, 4};
    const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    WORKS(syscall(__NR_timerfd_settime64, fd, 0, &setting, NULL));
    memset(&setting, 0, sizeof setting);
    WORKS(syscall(__NR_timerfd_gettime64, fd, &setting));
    CHECK(setting.interval_sec == 1 && setting.interval_nsec == 2 &&
          setting.sec == ((int64_t)1 << 33) - 1 + (setting.nsec <= 4));
    WORKS(syscall(__NR_timerfd_settime64, fd, 0, &setting, &setting));
    setting.nsec = 1000000000;
    FAILS(syscall(__NR_timerfd_settime64, fd, 0, &setting, NULL), EINVAL);
    struct {
        int32_t interval_sec, interval_nsec, sec, nsec;
    } small = {0, 0, 5, 6};
    WORKS(syscall(__NR_timerfd_settime, fd, 0, &small, NULL));
    memset(&small, 0, sizeof small);
    WORKS(syscall(__NR_timerfd_gettime, fd, &small));
    CHECK(small.sec == 4 || (small.sec == 5 && small.nsec <= 6));
    close(fd);
}

// TFD_TIMER_CANCEL_ON_SET tells of each setting of the clock.
static void clock_set(void) {
    const int fd = timerfd_create(CLOCK_REALTIME, 0), plain = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    WORKS(set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, now.tv_sec + 1000, 0, 0));
    WORKS(set(plain, TFD_TIMER_ABSTIME, now.tv_sec + 100, 0, 0));
    const int relative = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    WORKS(set(relative, 0, 100, 0, 0));
    CHECK(readable(fd, 0) == 0);
    uint64_t value;
    const pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        struct timespec later = {now.tv_sec + 200, 0};
        _exit(clock_settime(CLOCK_REALTIME, &later) != 0);
    }
    FAILS(read(fd, &value, 8), ECANCELED); // while it waits
    waitpid(child, NULL, 0);
    CHECK(readable(plain, -1) == POLLIN && ticks(plain) == 1); // its time has come
    FAILS(read(relative, &value, 8), EAGAIN);
    CHECK(left_ns(relative) > 90000000000LL);
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= 200;
    WORKS(clock_settime(CLOCK_REALTIME, &now));
    CHECK(readable(fd, 0) == POLLIN);
    FAILS(set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, now.tv_sec + 1000, 0, 0), ECANCELED);
    CHECK(left_ns(fd) > 900000000000LL); // but it was set
    WORKS(set(fd, TFD_TIMER_ABSTIME, now.tv_sec + 1000, 0, 0));
    now.tv_sec += 1;
    WORKS(clock_settime(CLOCK_REALTIME, &now));
    CHECK(readable(fd, 0) == 0); // it did not ask
    close(fd), close(plain), close(relative);
}

int main(void) {
    arguments();
    expirations(CLOCK_MONOTONIC);
    expirations(CLOCK_REALTIME);
    expirations(CLOCK_BOOTTIME);
    large_times();
    clock_set();
    return finish();
}
