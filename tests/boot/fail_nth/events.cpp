// Signals, timers, descriptors for events, futexes, and what processes send to each other.
#include <algorithm>

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/uio.h>

#include <ulib/futex.hpp>
#include <ulib/signal.hpp>
#include <ulib/thread.hpp>

#include "tests/boot/fail_nth/scenario.hpp"

namespace faultline::fail_nth {

namespace {

constexpr unsigned long long MASK = 1ull << (SIGUSR1 - 1);
constexpr int CLOCK_MONOTONIC = 1;

int fd = -1, ends[2];
char buffer[2 * PAGE_SIZE];

const char* close_both(long) {
    sys_close(ends[0]);
    sys_close(ends[1]);
    return nullptr;
}
void make_epoll() {
    fd = static_cast<int>(must(system_call(__NR_epoll_create1, 0), "fail_nth: epoll_create1"));
    must(sys_pipe(ends), "fail_nth: pipe");
}
const char* close_epoll(long) {
    sys_close(fd);
    return close_both(0);
}

volatile int handled = 0;
int timer = 0;

struct TimerSpec {
    __kernel_timespec interval, value;
};
struct SigEvent {
    int value, signal, notify;
    char fill[52];
};

// --- futexes ---------------------------------------------------------------------------------------------------------

Word word{0}, lock{0}, second{0};
Word stop{0}, waiting{0};
Thread owner, waiter;

__kernel_old_timespec soon() { // CLOCK_REALTIME, as FUTEX_LOCK_PI measures it
    __kernel_timespec now{};
    sys_clock_gettime(0, &now);
    return {static_cast<long>(now.tv_sec), static_cast<long>(now.tv_nsec)};
}
long timed_out(long result) { return result == -ETIMEDOUT ? 0 : result; }

// A thread that has the lock until stop_owner().
void start_owner() {
    stop = 0;
    lock = 0;
    must(owner.start(
             [](void*) {
                 futex_lock_pi(&lock, FUTEX_PRIVATE_FLAG);
                 waiting = 1;
                 futex_wake(&waiting, 1, FUTEX_PRIVATE_FLAG);
                 while (stop.load() == 0)
                     futex_wait(&stop, 0, FUTEX_PRIVATE_FLAG);
                 futex_unlock_pi(&lock, FUTEX_PRIVATE_FLAG);
             },
             nullptr),
         "fail_nth: clone");
    while (waiting.load() == 0)
        futex_wait(&waiting, 0, FUTEX_PRIVATE_FLAG);
    waiting = 0;
}
void stop_owner() {
    stop = 1;
    futex_wake(&stop, 1, FUTEX_PRIVATE_FLAG);
    owner.join();
}
// A second thread that waits on `word` to be requeued to `lock`.
void start_waiter() {
    start_owner();
    word = 0;
    must(waiter.start(
             [](void*) {
                 if (futex_wait_requeue_pi(&word, 0, &lock, FUTEX_PRIVATE_FLAG) == 0)
                     futex_unlock_pi(&lock, FUTEX_PRIVATE_FLAG);
             },
             nullptr),
         "fail_nth: clone");
    // It waits when a requeue of nobody finds the word unchanged and it sleeps; a moment is enough, and if it is not, the
    // call under test moves nobody and is made again.
    sys_nanosleep(0, 2'000'000);
}
const char* stop_waiter(long) {
    word = 1;
    stop = 1;
    futex_wake(&stop, 1, FUTEX_PRIVATE_FLAG);
    owner.join();
    while (system_call(__NR_futex, &word, FUTEX_CMP_REQUEUE_PI | FUTEX_PRIVATE_FLAG, 1, 0, &lock, 1) == -EAGAIN)
        sys_sched_yield();
    waiter.join();
    return nullptr;
}

struct WaitV {
    unsigned long long value, address;
    unsigned flags, reserved;
};
WaitV several[128];

char* shared = nullptr;

// --- System V IPC ----------------------------------------------------------------------------------------------------

constexpr int IPC_CREAT_600 = 01000 | 0600, IPC_RMID = 0;
int id = -1;
struct {
    long type;
    char text[3000];
} message;
struct {
    unsigned short number;
    short operation, flags;
} semaphore_operation{0, 1, 010000}; // SEM_UNDO

constexpr Scenario scenarios[] = {
    {.name = "rt_sigqueueinfo",
     .at_least = 1,
     .run =
         [] {
             alignas(8) char info[128] = {};
             const int code = -1; // SI_QUEUE
             std::memcpy(info + 8, &code, sizeof code);
             return system_call(__NR_rt_sigqueueinfo, sys_getpid(), SIGRTMIN, info);
         },
     .prepare = [] { block_signal(SIGRTMIN); },
     .undo = [](long) -> const char* {
         const unsigned long long all = ~0ull;
         const __kernel_timespec at_once{};
         while (system_call(__NR_rt_sigtimedwait_time64, &all, nullptr, &at_once, 8) > 0) {
         }
         return nullptr;
     },
     .error = -EAGAIN},
    {.name = "kill", // comes without its siginfo
     .at_least = 1,
     .run = [] { return sys_kill(static_cast<int>(sys_getpid()), SIGUSR1); },
     .prepare = [] { block_signal(SIGUSR1); },
     .undo = [](long) -> const char* {
         const __kernel_timespec at_once{};
         const long got = system_call(__NR_rt_sigtimedwait_time64, &MASK, nullptr, &at_once, 8);
         return got == SIGUSR1 ? nullptr : "the signal did not come";
     }},
    {.name = "a signal's handler",
     .at_least = 1,
     .run =
         [] {
             sys_tgkill(static_cast<int>(sys_getpid()), static_cast<int>(sys_gettid()), SIGUSR2);
             return handled != 0 ? 0l : -long{ENOMEM};
         },
     .prepare =
         [] {
             handled = 0;
             must(set_signal_handler(SIGUSR2, [](int, siginfo_t*, void*) { handled = handled + 1; }),
                  "fail_nth: sigaction");
         }},
    {.name = "a handler on a new stack",
     .at_least = 2,
     .run =
         [] {
             sys_tgkill(static_cast<int>(sys_getpid()), static_cast<int>(sys_gettid()), SIGUSR2);
             return handled != 0 ? 0l : -long{ENOMEM};
         },
     .prepare =
         [] {
             handled = 0;
             shared = map(16 * PAGE_SIZE);
             const struct {
                 void* sp;
                 int flags;
                 std::size_t size;
             } stack{shared, 0, 16 * PAGE_SIZE};
             must(system_call(__NR_sigaltstack, &stack, nullptr), "fail_nth: sigaltstack");
             must(set_signal_handler(
                      SIGUSR2, [](int, siginfo_t*, void*) { handled = handled + 1; }, SA_ONSTACK),
                  "fail_nth: sigaction");
         },
     .undo = [](long) -> const char* {
         unmap(shared, 16 * PAGE_SIZE);
         return nullptr;
     }},
    {.name = "timer_create",
     .at_least = 2,
     .run =
         [] {
             SigEvent event{0, SIGUSR1, 0, {}};
             return system_call(__NR_timer_create, CLOCK_MONOTONIC, &event, &timer);
         },
     .undo = [](long result) -> const char* {
         if (!is_error(result))
             system_call(__NR_timer_delete, timer);
         return nullptr;
     },
     .error = -EAGAIN},
    {.name = "signalfd",
     .at_least = 3,
     .run = [] { return system_call(__NR_signalfd4, -1, &MASK, 8, 0); },
     .undo = close_it},
    {.name = "eventfd", .at_least = 3, .run = [] { return system_call(__NR_eventfd2, 0, 0); }, .undo = close_it},
    {.name = "timerfd_create",
     .at_least = 3,
     .run = [] { return system_call(__NR_timerfd_create, CLOCK_MONOTONIC, 0); },
     .undo = close_it},
    {.name = "epoll_create1",
     .at_least = 3,
     .run = [] { return system_call(__NR_epoll_create1, 0); },
     .undo = close_it},
    {.name = "epoll_ctl",
     .at_least = 1,
     .run =
         [] {
             epoll_event event{EPOLLIN, 1};
             return system_call(__NR_epoll_ctl, fd, 1, ends[0], &event);
         },
     .prepare = make_epoll,
     .undo = close_epoll},
    {.name = "epoll_wait",
     .at_least = 0,
     .run =
         [] {
             epoll_event events[4];
             return system_call(__NR_epoll_wait, fd, events, 4, 0);
         },
     .prepare =
         [] {
             make_epoll();
             epoll_event event{EPOLLIN, 1};
             must(system_call(__NR_epoll_ctl, fd, 1, ends[0], &event), "fail_nth: epoll_ctl");
             sys_write(ends[1], "x", 1);
         },
     .undo = close_epoll},
    {.name = "poll of many",
     .at_least = 4,
     .run =
         [] {
             auto* const polled = reinterpret_cast<pollfd*>(buffer);
             return system_call(__NR_poll, polled, 200, 1);
         },
     .prepare =
         [] {
             must(sys_pipe(ends), "fail_nth: pipe");
             auto* const polled = reinterpret_cast<pollfd*>(buffer);
             for (unsigned i = 0; i < 200; ++i)
                 polled[i] = {ends[0], POLLIN, 0};
         },
     .undo = close_both},
    {.name = "select",
     .at_least = 1,
     .run =
         [] {
             const long no_time[2] = {0, 1000};
             std::memset(buffer, 0, 128);
             buffer[ends[0] / 8] = static_cast<char>(1 << (ends[0] % 8));
             return system_call(__NR__newselect, 1000, buffer, nullptr, nullptr, no_time);
         },
     .prepare = [] { must(sys_pipe(ends), "fail_nth: pipe"); },
     .undo = close_both},
    {.name = "socketpair",
     .at_least = 4,
     .run = [] { return system_call(__NR_socketpair, 1, 1, 0, ends); },
     .undo = [](long result) { return is_error(result) ? nullptr : close_both(0); }},
    {.name = "send",
     .at_least = 3,
     .run = [] { return system_call(__NR_send, ends[0], buffer, 6000, 0x40); },
     .prepare = [] { must(system_call(__NR_socketpair, 1, 1, 0, ends), "fail_nth: socketpair"); },
     .undo = close_both,
     .also = -ENOBUFS},
    {.name = "pidfd_open",
     .at_least = 3,
     .run = [] { return system_call(__NR_pidfd_open, sys_getpid(), 0); },
     .undo = close_it},
    {.name = "process_vm_readv",
     .at_least = 1,
     .run =
         [] {
             iovec local[32], remote[32];
             std::fill(local, local + 32, iovec{buffer, 8});
             std::fill(remote, remote + 32, iovec{buffer + 8, 8});
             return system_call(__NR_process_vm_readv, sys_getpid(), local, 32, remote, 32, 0);
         }},
    {.name = "shmget, shmat",
     .at_least = 3,
     .run =
         [] {
             id = static_cast<int>(system_call(__NR_shmget, 0, PAGE_SIZE, IPC_CREAT_600));
             return is_error(id) ? id : system_call(__NR_shmat, id, nullptr, 0);
         },
     .undo = [](long result) -> const char* {
         if (!is_error(result))
             must(system_call(__NR_shmdt, result), "fail_nth: shmdt");
         if (!is_error(id))
             must(system_call(__NR_shmctl, id, IPC_RMID, nullptr), "fail_nth: shmctl");
         return nullptr;
     }},
    {.name = "semget, semop with an undo",
     .at_least = 3,
     .run =
         [] {
             id = static_cast<int>(system_call(__NR_semget, 0, 8, IPC_CREAT_600));
             return is_error(id) ? id : system_call(__NR_semop, id, &semaphore_operation, 1);
         },
     .undo = [](long) -> const char* {
         if (!is_error(id))
             must(system_call(__NR_semctl, id, 0, IPC_RMID), "fail_nth: semctl");
         return nullptr;
     }},
    {.name = "msgget, msgsnd",
     .at_least = 3,
     .run =
         [] {
             message.type = 1;
             id = static_cast<int>(system_call(__NR_msgget, 0, IPC_CREAT_600));
             return is_error(id) ? id : system_call(__NR_msgsnd, id, &message, sizeof message.text, 0);
         },
     .undo = [](long) -> const char* {
         if (!is_error(id))
             must(system_call(__NR_msgctl, id, IPC_RMID, nullptr), "fail_nth: msgctl");
         return nullptr;
     }},
    {.name = "FUTEX_WAIT on a page that is not there yet",
     .at_least = 1,
     .run = [] { return timed_out(futex_wait_for(reinterpret_cast<Word*>(shared), 0, 1)); },
     .prepare = [] { shared = map(PAGE_SIZE, MAP_SHARED | MAP_ANONYMOUS); },
     .undo = [](long) -> const char* {
         unmap(shared, PAGE_SIZE);
         return nullptr;
     },
     .also = -EFAULT},
    {.name = "futex_waitv",
     .at_least = 1,
     .run =
         [] {
             for (WaitV& each : several)
                 each = {0, reinterpret_cast<unsigned long>(&second), FUTEX_PRIVATE_FLAG | 2, 0};
             __kernel_timespec now{};
             sys_clock_gettime(CLOCK_MONOTONIC, &now);
             return timed_out(system_call(__NR_futex_waitv, several, 128, 0, &now, CLOCK_MONOTONIC));
         }},
    {.name = "FUTEX_LOCK_PI",
     .at_least = 1,
     .run =
         [] {
             const __kernel_old_timespec limit = soon();
             return timed_out(sys_futex(&lock, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, &limit));
         },
     .prepare = start_owner,
     .undo = [](long) -> const char* {
         stop_owner();
         return (lock & 0x3fffffff) == 0 ? nullptr : "the lock has an owner";
     }},
    {.name = "FUTEX_WAIT_REQUEUE_PI",
     .at_least = 0,
     .run =
         [] {
             word = 0;
             __kernel_timespec now{};
             sys_clock_gettime(CLOCK_MONOTONIC, &now);
             const __kernel_old_timespec limit{static_cast<long>(now.tv_sec), static_cast<long>(now.tv_nsec)};
             return timed_out(sys_futex(&word, FUTEX_WAIT_REQUEUE_PI | FUTEX_PRIVATE_FLAG, 0, &limit, &lock));
         },
     .prepare = start_owner,
     .undo = [](long) -> const char* {
         stop_owner();
         return nullptr;
     }},
    {.name = "FUTEX_CMP_REQUEUE_PI",
     .at_least = 1,
     .run = [] { return futex_cmp_requeue_pi(&word, 1, &lock, 0, FUTEX_PRIVATE_FLAG); },
     .prepare = start_waiter,
     .undo = stop_waiter},
};

} // namespace

std::span<const Scenario> event_scenarios() { return scenarios; }

} // namespace faultline::fail_nth
