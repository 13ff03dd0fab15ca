// Files that are ready: epoll(7), epoll_create(2), epoll_ctl(2), epoll_wait(2).
#include "check.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>

enum { MOST = 8 };
static struct epoll_event got[MOST];

static int watch_as(int ep, int op, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(ep, op, fd, &event);
}
static int add(int ep, int fd, uint32_t events) { return watch_as(ep, EPOLL_CTL_ADD, fd, events, (uint64_t)fd); }
static int mod(int ep, int fd, uint32_t events) { return watch_as(ep, EPOLL_CTL_MOD, fd, events, (uint64_t)fd); }
static int del(int ep, int fd) { return epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL); }
static int ready(int ep) { return epoll_wait(ep, got, MOST, 0); }
// Whether exactly this is ready, with these events.
static int only(int ep, int fd, uint32_t events) {
    const int count = ready(ep);
    if (count == 1 && got[0].events == events && got[0].data.u64 == (uint64_t)fd)
        return 1;
    printf("  ready: %d, the first is %llu with 0x%x\n", count, (unsigned long long)got[0].data.u64, got[0].events);
    return 0;
}
static void put(int fd) { CHECK(write(fd, "x", 1) == 1); }
static void take(int fd) {
    char c;
    CHECK(read(fd, &c, 1) == 1);
}
static int instance(void) {
    const int ep = epoll_create1(0);
    WORKS(ep);
    return ep;
}
static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void arguments(void) {
    int pair[2];
    WORKS(pipe(pair));
    FAILS(epoll_create(0), EINVAL);
    FAILS(epoll_create(-1), EINVAL);
    FAILS(epoll_create1(1), EINVAL);
    const int old = epoll_create(1), ep = epoll_create1(EPOLL_CLOEXEC);
    CHECK(fcntl(old, F_GETFD) == 0 && fcntl(ep, F_GETFD) == FD_CLOEXEC);
    CHECK((fcntl(ep, F_GETFL) & O_ACCMODE) == O_RDWR);
    close(old);

    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], NULL), EFAULT);
    FAILS(epoll_ctl(ep, EPOLL_CTL_MOD, pair[0], (void*)8), EFAULT);
    FAILS(epoll_ctl(-1, EPOLL_CTL_ADD, pair[0], (void*)8), EFAULT); // the event is read first
    FAILS(add(-1, pair[0], EPOLLIN), EBADF);
    FAILS(add(ep, -1, EPOLLIN), EBADF);
    FAILS(add(ep, ep, EPOLLIN), EINVAL);
    FAILS(add(pair[1], pair[0], EPOLLIN), EINVAL);
    FAILS(watch_as(ep, 4, pair[0], EPOLLIN, 0), EINVAL);
    FAILS(watch_as(ep, 0, pair[0], EPOLLIN, 0), EINVAL);
    FAILS(mod(ep, pair[0], EPOLLIN), ENOENT);
    FAILS(del(ep, pair[0]), ENOENT);
    WORKS(add(ep, pair[0], EPOLLIN));
    FAILS(add(ep, pair[0], EPOLLIN), EEXIST);
    WORKS(del(ep, pair[0]));
    FAILS(del(ep, pair[0]), ENOENT);

    // what cannot be polled
    const int file = file_of(1), directory = open("/tmp", O_RDONLY), null = open("/dev/null", O_RDWR),
              zero = open("/dev/zero", O_RDONLY), path = open("/tmp", O_PATH);
    FAILS(add(ep, file, EPOLLIN), EPERM);
    FAILS(add(ep, directory, EPOLLIN), EPERM);
    FAILS(add(ep, null, EPOLLIN), EPERM);
    FAILS(add(ep, zero, EPOLLIN), EPERM);
    FAILS(add(ep, path, EPOLLIN), EBADF);
    FAILS(del(ep, file), EPERM);
    close(file), close(directory), close(null), close(zero), close(path);
    const int urandom = open("/dev/urandom", O_RDONLY), random = open("/dev/random", O_RDONLY);
    FAILS(add(ep, urandom, EPOLLIN), EPERM);
    close(urandom);
    WORKS(add(ep, random, EPOLLIN));
    CHECK(only(ep, random, EPOLLIN));
    close(random);
    CHECK(ready(ep) == 0);

    FAILS(epoll_wait(ep, got, 0, 0), EINVAL);
    FAILS(epoll_wait(ep, got, -1, 0), EINVAL);
    FAILS(epoll_wait(ep, got, INT_MAX, 0), EINVAL);
    FAILS(epoll_wait(-1, got, MOST, 0), EBADF);
    FAILS(epoll_wait(pair[0], got, MOST, 0), EINVAL);
    FAILS(epoll_wait(ep, (void*)-64, MOST, 0), EFAULT);
    FAILS(read(ep, got, 1), EINVAL);
    FAILS(write(ep, got, 1), EINVAL);
    close(ep), close(pair[0]), close(pair[1]);
}

// Events are reported while they last, at each change, or once.
static void triggers(void) {
    int pair[2];
    WORKS(pipe2(pair, O_NONBLOCK));
    const int ep = instance();
    WORKS(add(ep, pair[0], EPOLLIN));
    CHECK(ready(ep) == 0);
    put(pair[1]);
    CHECK(only(ep, pair[0], EPOLLIN));
    CHECK(only(ep, pair[0], EPOLLIN));
    take(pair[0]);
    CHECK(ready(ep) == 0);

    put(pair[1]);
    WORKS(mod(ep, pair[0], EPOLLIN | EPOLLET)); // what was before counts as a change
    CHECK(only(ep, pair[0], EPOLLIN));
    CHECK(ready(ep) == 0);
    put(pair[1]); // more bytes are a change, though it was readable before
    CHECK(only(ep, pair[0], EPOLLIN));
    CHECK(ready(ep) == 0);
    take(pair[0]), take(pair[0]);
    CHECK(ready(ep) == 0);
    put(pair[1]), take(pair[0]); // gone before anybody looked
    CHECK(ready(ep) == 0);

    WORKS(mod(ep, pair[0], EPOLLIN | EPOLLONESHOT));
    put(pair[1]);
    CHECK(only(ep, pair[0], EPOLLIN));
    put(pair[1]);
    CHECK(ready(ep) == 0);
    WORKS(mod(ep, pair[0], EPOLLIN | EPOLLONESHOT));
    CHECK(only(ep, pair[0], EPOLLIN));
    CHECK(ready(ep) == 0);
    take(pair[0]), take(pair[0]);
    WORKS(mod(ep, pair[0], EPOLLIN | EPOLLRDNORM));
    put(pair[1]);
    CHECK(only(ep, pair[0], EPOLLIN | EPOLLRDNORM));
    WORKS(mod(ep, pair[0], 0)); // asks for nothing
    CHECK(ready(ep) == 0);

    // EPOLLHUP and EPOLLERR are reported unasked, even then
    close(pair[1]);
    CHECK(only(ep, pair[0], EPOLLHUP));
    WORKS(mod(ep, pair[0], EPOLLIN));
    CHECK(only(ep, pair[0], EPOLLIN | EPOLLHUP));
    close(pair[0]); // the last descriptor of the file: it is watched no more
    CHECK(ready(ep) == 0);
    FAILS(del(ep, pair[0]), EBADF);

    // writers
    WORKS(pipe2(pair, O_NONBLOCK));
    WORKS(add(ep, pair[1], EPOLLOUT | EPOLLET));
    CHECK(only(ep, pair[1], EPOLLOUT));
    static char page[PAGE];
    while (write(pair[1], page, sizeof page) > 0)
        ;
    CHECK(ready(ep) == 0);
    CHECK(read(pair[0], page, sizeof page) == PAGE); // full no longer
    CHECK(only(ep, pair[1], EPOLLOUT));
    CHECK(read(pair[0], page, sizeof page) == PAGE); // more room is no change
    CHECK(ready(ep) == 0);
    close(pair[0]);
    CHECK(only(ep, pair[1], EPOLLOUT | EPOLLERR));
    close(pair[1]), close(ep);
}

static void socket_pairs(void) {
    int pair[2];
    WORKS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
    const int ep = instance();
    WORKS(add(ep, pair[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET));
    CHECK(only(ep, pair[0], EPOLLOUT));
    CHECK(ready(ep) == 0);
    put(pair[1]);
    CHECK(only(ep, pair[0], EPOLLIN | EPOLLOUT));
    CHECK(ready(ep) == 0);
    take(pair[0]); // the peer is told of the room, not this end
    CHECK(ready(ep) == 0);
    close(pair[1]);
    CHECK(only(ep, pair[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP));
    CHECK(ready(ep) == 0);
    close(pair[0]), close(ep);
}

// A file is watched as long as it is open, under the descriptor that it was added with.
static void descriptors(void) {
    int pair[2];
    WORKS(pipe(pair));
    const int ep = instance(), copy = dup(pair[0]);
    WORKS(add(ep, pair[0], EPOLLIN));
    WORKS(add(ep, copy, EPOLLIN)); // another descriptor of the file
    put(pair[1]);
    CHECK(ready(ep) == 2);
    const int number = pair[0];
    close(pair[0]); // still open as `copy`, so still watched
    CHECK(ready(ep) == 2);
    FAILS(del(ep, number), EBADF);
    int other[2];
    WORKS(pipe(other));
    CHECK(other[0] == number);
    FAILS(del(ep, number), ENOENT); // the number is another file's now
    WORKS(add(ep, number, EPOLLIN));
    CHECK(ready(ep) == 2);
    put(other[1]);
    CHECK(ready(ep) == 3);
    WORKS(del(ep, copy));
    CHECK(ready(ep) == 2);
    close(copy); // and with it the file
    CHECK(only(ep, number, EPOLLIN));
    close(other[0]), close(other[1]), close(pair[1]);

    // a child has the same instance
    WORKS(pipe(pair));
    WORKS(add(ep, pair[0], EPOLLIN));
    CHILD_OK({
        put(pair[1]);
        CHECK(only(ep, pair[0], EPOLLIN));
        WORKS(mod(ep, pair[0], EPOLLIN | EPOLLET));
        close(ep);
    });
    CHECK(only(ep, pair[0], EPOLLIN)); // the child has set it anew
    CHECK(ready(ep) == 0);
    CHILD_OK(close(pair[0]));
    put(pair[1]);
    CHECK(only(ep, pair[0], EPOLLIN)); // the child has closed only its own descriptor
    const int same = dup(ep);
    close(ep);
    put(pair[1]);
    CHECK(only(same, pair[0], EPOLLIN));
    close(same), close(pair[0]), close(pair[1]);
}

static void nests(void) {
    int pair[2];
    WORKS(pipe(pair));
    const int inner = instance(), outer = instance();
    WORKS(add(inner, pair[0], EPOLLIN));
    WORKS(add(outer, inner, EPOLLIN));
    FAILS(add(inner, outer, EPOLLIN), ELOOP);
    struct pollfd poll_outer = {outer, POLLIN | POLLOUT, 0};
    CHECK(ready(outer) == 0 && poll(&poll_outer, 1, 0) == 0);
    put(pair[1]);
    CHECK(poll(&poll_outer, 1, 0) == 1 && poll_outer.revents == POLLIN);
    CHECK(only(outer, inner, EPOLLIN));
    CHECK(only(inner, pair[0], EPOLLIN));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(outer, &set);
    CHECK(select(outer + 1, &set, NULL, NULL, &(struct timeval){0, 0}) == 1 && FD_ISSET(outer, &set));
    take(pair[0]);
    CHECK(ready(outer) == 0 && ready(inner) == 0 && poll(&poll_outer, 1, 0) == 0);

    // an event below wakes those who wait above
    for (int way = 0; way < 3; ++way) {
        const pid_t writer = fork();
        if (writer == 0) {
            usleep(20000);
            put(pair[1]);
            _exit(0);
        }
        if (way == 0)
            CHECK(epoll_wait(outer, got, MOST, -1) == 1 && got[0].events == EPOLLIN);
        else if (way == 1)
            CHECK(poll(&poll_outer, 1, -1) == 1 && poll_outer.revents == POLLIN);
        else
            CHECK(poll(&(struct pollfd){inner, POLLIN, 0}, 1, -1) == 1);
        waitpid(writer, NULL, 0);
        take(pair[0]);
    }
    WORKS(mod(outer, inner, EPOLLIN | EPOLLET));
    put(pair[1]);
    CHECK(only(outer, inner, EPOLLIN));
    CHECK(ready(outer) == 0);
    put(pair[1]);
    CHECK(only(outer, inner, EPOLLIN));
    close(inner); // and it leaves the outer one
    CHECK(ready(outer) == 0);
    close(outer), close(pair[0]), close(pair[1]);

    // a chain of instances, and how long it may be
    int chain[8], length;
    for (int i = 0; i < 8; ++i)
        chain[i] = instance();
    for (length = 1; length < 8 && add(chain[length], chain[length - 1], EPOLLIN) == 0; ++length)
        ;
    CHECK(errno == ELOOP);
    CHECK(length == 5);
    FAILS(add(chain[0], chain[length - 1], EPOLLIN), ELOOP);
    FAILS(add(chain[0], chain[1], EPOLLIN), ELOOP);
    const int event = eventfd(0, 0);
    WORKS(add(chain[0], event, EPOLLIN));
    CHECK(ready(chain[length - 1]) == 0);
    WORKS(eventfd_write(event, 1));
    CHECK(ready(chain[length - 1]) == 1);
    close(event);
    for (int i = 0; i < 8; ++i)
        close(chain[i]);
}

static void exclusive(void) {
    int pair[2];
    WORKS(pipe(pair));
    const int ep = instance(), other = instance();
    FAILS(add(ep, pair[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), EINVAL);
    FAILS(add(ep, pair[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP), EINVAL);
    FAILS(add(ep, other, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    WORKS(add(ep, pair[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLET));
    FAILS(mod(ep, pair[0], EPOLLIN), EINVAL);
    FAILS(mod(ep, pair[0], EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    put(pair[1]);
    CHECK(only(ep, pair[0], EPOLLIN));
    WORKS(del(ep, pair[0]));
    WORKS(add(ep, pair[0], EPOLLIN));
    FAILS(mod(ep, pair[0], EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    take(pair[0]);

    // two who do not share an instance: without EPOLLEXCLUSIVE both hear of a byte, with it one of them who waits
    WORKS(add(other, pair[0], EPOLLIN));
    put(pair[1]);
    CHECK(ready(ep) == 1 && ready(other) == 1);
    close(ep), close(other), close(pair[0]), close(pair[1]);
}

static int shared;
static int woken; // threads that got an event
static void* waiter(void* one_shot) {
    struct epoll_event event;
    if (epoll_wait(shared, &event, 1, one_shot ? -1 : 200) == 1)
        __atomic_fetch_add(&woken, 1, __ATOMIC_RELAXED);
    return NULL;
}

// Several threads in one instance: with EPOLLET an event wakes one of them.
static void several_waiters(void) {
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    int pair[2];
    WORKS(pipe(pair));
    shared = instance();
    WORKS(add(shared, pair[0], EPOLLIN | EPOLLET));
    for (int i = 0; i < THREADS; ++i)
        pthread_create(&threads[i], NULL, waiter, NULL);
    usleep(50000);
    put(pair[1]);
    for (int i = 0; i < THREADS; ++i)
        pthread_join(threads[i], NULL);
    CHECK(woken == 1);
    take(pair[0]);

    // without it each of them gets the event, one after the other, as it stays
    woken = 0;
    WORKS(mod(shared, pair[0], EPOLLIN));
    for (int i = 0; i < THREADS; ++i)
        pthread_create(&threads[i], NULL, waiter, (void*)1);
    usleep(20000);
    put(pair[1]);
    for (int i = 0; i < THREADS; ++i)
        pthread_join(threads[i], NULL);
    CHECK(woken == THREADS);
    close(shared), close(pair[0]), close(pair[1]);
}

// More is ready than the buffer holds: each gets its turn.
static void turns(void) {
    enum { FILES = 20 };
    const int ep = instance();
    int seen[FILES] = {0}, events[FILES];
    for (int i = 0; i < FILES; ++i) {
        events[i] = eventfd(1, 0);
        WORKS(watch_as(ep, EPOLL_CTL_ADD, events[i], EPOLLIN, (uint64_t)i));
    }
    for (int round = 0; round < 5; ++round) {
        CHECK(epoll_wait(ep, got, 4, 0) == 4);
        for (int i = 0; i < 4; ++i)
            ++seen[got[i].data.u64];
    }
    for (int i = 0; i < FILES; ++i)
        CHECK(seen[i] == 1);

    // into pages that were never touched, over their boundary
    struct epoll_event* fresh =
        (struct epoll_event*)((char*)anonymous(2, PROT_READ | PROT_WRITE) + PAGE - 5 * sizeof *fresh);
    CHECK(epoll_wait(ep, fresh, FILES, 0) == FILES);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < FILES; ++i)
        ++seen[fresh[i].data.u64];
    for (int i = 0; i < FILES; ++i)
        CHECK(seen[i] == 1);
    // and where the second page is missing: what fits is returned, and nothing is lost
    fresh = (struct epoll_event*)((char*)anonymous(2, PROT_READ | PROT_WRITE) + PAGE - 5 * sizeof *fresh);
    munmap((char*)(fresh + 5), PAGE);
    CHECK(epoll_wait(ep, fresh, FILES, 0) == 5);
    FAILS(epoll_wait(ep, fresh + 5, FILES, 0), EFAULT);
    struct epoll_event all[FILES];
    CHECK(epoll_wait(ep, all, FILES, 0) == FILES);
    for (int i = 0; i < FILES; ++i)
        close(events[i]);
    CHECK(ready(ep) == 0);
    close(ep);
}

static volatile int handled;
static void handler(int signal) {
    (void)signal;
    ++handled;
}

static void waits(void) {
    const int ep = instance();
    uint64_t before = now_ms();
    CHECK(epoll_wait(ep, got, MOST, 30) == 0);
    CHECK(now_ms() - before >= 29);
    struct {
        int64_t sec, nsec;
    } span = {0, 30000000};
    before = now_ms();
    CHECK(syscall(__NR_epoll_pwait2, ep, got, MOST, &span, NULL, 0) == 0);
    CHECK(now_ms() - before >= 29);
    span.sec = -1;
    FAILS(syscall(__NR_epoll_pwait2, ep, got, MOST, &span, NULL, 0), EINVAL);
    span.sec = 0, span.nsec = 1000000000;
    FAILS(syscall(__NR_epoll_pwait2, ep, got, MOST, &span, NULL, 0), EINVAL);
    FAILS(syscall(__NR_epoll_pwait2, ep, got, MOST, (void*)8, NULL, 0), EFAULT);
    uint64_t mask = 0;
    FAILS(syscall(__NR_epoll_pwait, ep, got, MOST, 0, &mask, 4), EINVAL);
    FAILS(syscall(__NR_epoll_pwait, ep, got, MOST, 0, (void*)8, 8), EFAULT);
    CHECK(syscall(__NR_epoll_pwait, ep, got, MOST, 0, NULL, 4) == 0);

    // a signal ends the wait, and is never followed by a restart
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    const pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        kill(parent, SIGUSR1);
        _exit(0);
    }
    FAILS(epoll_wait(ep, got, MOST, -1), EINTR);
    CHECK(handled == 1);
    waitpid(child, NULL, 0);

    // epoll_pwait() lets a blocked signal in while it waits
    sigset_t block, open_set;
    sigemptyset(&block), sigaddset(&block, SIGUSR1), sigemptyset(&open_set);
    sigprocmask(SIG_BLOCK, &block, NULL);
    kill(parent, SIGUSR1);
    CHECK(epoll_wait(ep, got, MOST, 0) == 0 && handled == 1);
    FAILS(epoll_pwait(ep, got, MOST, -1, &open_set), EINTR);
    CHECK(handled == 2);
    sigprocmask(SIG_SETMASK, NULL, &open_set);
    CHECK(sigismember(&open_set, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    close(ep);
}

int main(void) {
    arguments();
    triggers();
    socket_pairs();
    descriptors();
    nests();
    exclusive();
    several_waiters();
    turns();
    waits();
    return finish();
}
