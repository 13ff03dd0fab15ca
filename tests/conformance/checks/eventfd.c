// A counter as a file: eventfd(2).
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int events_of(int fd) {
    struct pollfd entry = {fd, POLLIN | POLLOUT, 0};
    return poll(&entry, 1, 0) >= 0 ? entry.revents : -1;
}
static uint64_t taken(int fd) {
    uint64_t value = 0;
    return read(fd, &value, sizeof value) == sizeof value ? value : 0;
}
static int put(int fd, uint64_t value) { return write(fd, &value, sizeof value) == sizeof value ? 0 : -1; }

int main(void) {
    FAILS(syscall(__NR_eventfd2, 0, 2), EINVAL);
    FAILS(syscall(__NR_eventfd2, 0, 0x40000000), EINVAL);
    const int old = (int)syscall(__NR_eventfd, 3);
    CHECK(fcntl(old, F_GETFD) == 0 && (fcntl(old, F_GETFL) & (O_NONBLOCK | O_ACCMODE)) == O_RDWR);
    CHECK(taken(old) == 3);
    close(old);

    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK));
    uint64_t value[2] = {7, 7};
    CHECK(events_of(fd) == POLLOUT);
    FAILS(read(fd, value, 8), EAGAIN);
    FAILS(read(fd, value, 7), EINVAL);
    FAILS(write(fd, value, 7), EINVAL);
    FAILS(syscall(__NR_write, fd, (void*)8, 8), EFAULT);
    CHECK(lseek(fd, 5, SEEK_SET) == 0); // has no effect
    FAILS(pread(fd, value, 8, 0), ESPIPE);
    CHECK(write(fd, value, 16) == 8); // the rest is not looked at
    WORKS(put(fd, 5));
    CHECK(events_of(fd) == (POLLIN | POLLOUT));
    CHECK(read(fd, value, 16) == 8 && value[0] == 12);
    WORKS(put(fd, 0));
    CHECK(events_of(fd) == POLLOUT);

    // the largest value, and beyond
    FAILS(put(fd, UINT64_MAX), EINVAL);
    WORKS(put(fd, UINT64_MAX - 1));
    CHECK(events_of(fd) == POLLIN);
    FAILS(put(fd, 1), EAGAIN);
    WORKS(put(fd, 0));
    CHECK(taken(fd) == UINT64_MAX - 1);
    WORKS(put(fd, UINT64_MAX - 2));
    CHECK(events_of(fd) == (POLLIN | POLLOUT));
    FAILS(put(fd, 2), EAGAIN);
    WORKS(put(fd, 1));
    taken(fd);

    // a failed copy takes the value with it
    WORKS(put(fd, 9));
    FAILS(syscall(__NR_read, fd, (void*)8, 8), EFAULT);
    FAILS(read(fd, value, 8), EAGAIN);

    // each write is an edge, even of 0 while the counter is not 0
    const int ep = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    WORKS(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
    CHECK(epoll_wait(ep, &event, 1, 0) == 0);
    WORKS(put(fd, 1));
    CHECK(epoll_wait(ep, &event, 1, 0) == 1 && epoll_wait(ep, &event, 1, 0) == 0);
    WORKS(put(fd, 1));
    CHECK(epoll_wait(ep, &event, 1, 0) == 1);
    WORKS(put(fd, 0));
    CHECK(epoll_wait(ep, &event, 1, 0) == 1);
    CHECK(taken(fd) == 2 && epoll_wait(ep, &event, 1, 0) == 0);
    WORKS(put(fd, 0));
    CHECK(epoll_wait(ep, &event, 1, 0) == 0);
    close(ep), close(fd);

    const int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    CHECK(taken(semaphore) == 1 && taken(semaphore) == 1);
    FAILS(read(semaphore, value, 8), EAGAIN);
    close(semaphore);

    // reads and writes that wait
    const int there = eventfd(0, 0), back = eventfd(0, 0);
    const pid_t child = fork();
    if (child == 0) {
        failures = 0;
        CHECK(taken(there) == 4);
        WORKS(put(back, UINT64_MAX - 1));
        WORKS(put(back, 3)); // waits until the first is read
        _exit(failures != 0);
    }
    usleep(10000);
    WORKS(put(there, 4));
    usleep(10000);
    CHECK(taken(back) == UINT64_MAX - 1);
    CHECK(taken(back) == 3);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
    return finish();
}
