// Threads send events through pipes, eventfds and timers, and others wait for them in one epoll instance, with EPOLLET,
// EPOLLONESHOT, EPOLLEXCLUSIVE and without, directly and through a second instance, while files come and go. Nothing
// may be lost: what was sent is received, and a waiter that hears nothing for ten seconds is a failure.
#include "tests/conformance/checks/check.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

enum { SENDERS = 4, RECEIVERS = 3, EACH = 1500, PATIENCE_MS = 10000 };

// What a sender sends through. The next byte is sent when the last one was received, so that each event is waited for.
struct Channel {
    int from, to, is_event;
    uint32_t events;
    int answer; // an eventfd
    unsigned received;
};
static struct Channel channels[SENDERS];
static int inner, outer;
static int done;
static int stop_fd;

static void watch(int op, int ep, int fd, uint32_t events, void* data) {
    struct epoll_event event = {.events = events, .data.ptr = data};
    WORKS(epoll_ctl(ep, op, fd, &event));
}

static int take(struct Channel* channel) {
    uint64_t value;
    return channel->is_event ? read(channel->from, &value, 8) == 8 : read(channel->from, &value, 1) == 1;
}

static void* receive(void* unused) {
    (void)unused;
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
        struct epoll_event event;
        int count = epoll_wait(outer, &event, 1, PATIENCE_MS);
        if (count == 0 && !__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
            puts("nothing was heard for ten seconds");
            exit(1);
        }
        if (count == 1 && event.data.ptr == NULL) // the inner instance
            count = epoll_wait(inner, &event, 1, 0);
        if (count != 1 || event.data.ptr == &done)
            continue;
        struct Channel* channel = event.data.ptr;
        while (take(channel)) { // with EPOLLET until there is nothing
            __atomic_fetch_add(&channel->received, 1, __ATOMIC_RELAXED);
            WORKS(eventfd_write(channel->answer, 1));
        }
        if (channel->events & EPOLLONESHOT)
            watch(EPOLL_CTL_MOD, channel->events & EPOLLPRI ? inner : outer, channel->from, channel->events, channel);
    }
    return NULL;
}

static void* send_all(void* argument) {
    struct Channel* channel = argument;
    for (unsigned i = 0; i < EACH; ++i) {
        const uint64_t one = 1;
        CHECK(write(channel->to, &one, channel->is_event ? 8 : 1) > 0);
        struct pollfd answered = {channel->answer, POLLIN, 0};
        if (poll(&answered, 1, PATIENCE_MS) != 1) {
            printf("channel %d: event %u was lost\n", (int)(channel - channels), i);
            exit(1);
        }
        eventfd_t answers;
        WORKS(eventfd_read(channel->answer, &answers));
    }
    return NULL;
}

// Beside them: files come and go, so that numbers and items are used again, and a timer ticks.
static void* disturb(void* unused) {
    (void)unused;
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), own = epoll_create1(0);
    struct itimerspec fast = {{0, 300000}, {0, 300000}};
    WORKS(timerfd_settime(timer, 0, &fast, NULL));
    watch(EPOLL_CTL_ADD, own, timer, EPOLLIN | EPOLLET, NULL);
    for (unsigned round = 0; !__atomic_load_n(&done, __ATOMIC_ACQUIRE); ++round) {
        struct epoll_event event;
        uint64_t ticks;
        if (epoll_wait(own, &event, 1, PATIENCE_MS) != 1) {
            puts("a timer's expiration was lost");
            exit(1);
        }
        CHECK(read(timer, &ticks, 8) == 8 && ticks != 0);
        int pair[2];
        WORKS(pipe(pair));
        watch(EPOLL_CTL_ADD, outer, pair[0], EPOLLIN | EPOLLET, &done);
        CHECK(write(pair[1], "x", 1) == 1);
        if (round % 2)
            WORKS(epoll_ctl(outer, EPOLL_CTL_DEL, pair[0], NULL));
        close(pair[0]), close(pair[1]);
    }
    close(timer), close(own);
    return NULL;
}

int main(void) {
    static const uint32_t kinds[SENDERS] = {EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT,
                                            EPOLLIN | EPOLLONESHOT | EPOLLPRI, EPOLLIN | EPOLLEXCLUSIVE};
    inner = epoll_create1(0), outer = epoll_create1(0);
    watch(EPOLL_CTL_ADD, outer, inner, EPOLLIN, NULL);
    for (int i = 0; i < SENDERS; ++i) {
        struct Channel* channel = &channels[i];
        int pair[2];
        channel->is_event = i % 2;
        if (channel->is_event)
            pair[0] = pair[1] = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
        else
            WORKS(pipe2(pair, O_NONBLOCK));
        channel->from = pair[0], channel->to = pair[1];
        channel->answer = eventfd(0, 0);
        channel->events = kinds[i];
        watch(EPOLL_CTL_ADD, kinds[i] & EPOLLPRI ? inner : outer, channel->from, kinds[i], channel);
    }
    stop_fd = eventfd(0, 0);
    watch(EPOLL_CTL_ADD, outer, stop_fd, EPOLLIN, &done);

    pthread_t senders[SENDERS], receivers[RECEIVERS], disturber;
    pthread_create(&disturber, NULL, disturb, NULL);
    for (int i = 0; i < RECEIVERS; ++i)
        pthread_create(&receivers[i], NULL, receive, NULL);
    for (int i = 0; i < SENDERS; ++i)
        pthread_create(&senders[i], NULL, send_all, &channels[i]);
    for (int i = 0; i < SENDERS; ++i)
        pthread_join(senders[i], NULL);
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    WORKS(eventfd_write(stop_fd, 1));
    for (int i = 0; i < RECEIVERS; ++i)
        pthread_join(receivers[i], NULL);
    pthread_join(disturber, NULL);
    for (int i = 0; i < SENDERS; ++i)
        CHECK(channels[i].received == EACH);
    return finish();
}
