// Four locks in a chain: thread i owns lock i and waits for lock i - 1. A thread that waits at the end lends its
// priority to all the others. /proc/PID/stat shows the priorities (proc(5), field 18: 20 + nice, or -1 - the real-time
// priority), and they must be right at every step.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <ulib/futex.hpp>
#include <ulib/print.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

#include <linux/sched.h>

using namespace faultline;

namespace {

constexpr int LOCKS = 4;
constexpr int PRIVATE = FUTEX_PRIVATE_FLAG;

struct Link {
    Thread thread;
    Word lock{0};
};
Link links[LOCKS];
Word release{0}; // lets thread 0 begin to unlock
Word order{0};   // how many threads have owned the lock before theirs

void set_fifo(int id, int priority) {
    must(system_call(__NR_sched_setscheduler, id, priority != 0 ? SCHED_FIFO : SCHED_NORMAL, &priority),
         "pi_chain: sched_setscheduler");
}

// Field `number` of /proc/ID/stat, numbered as in proc(5); the name of the program is field 2.
int stat_field(int id, int number) {
    char path[32], text[512] = {};
    snprintf(path, sizeof path, "/proc/%d/stat", id);
    const int fd = static_cast<int>(must(sys_open(path, O_RDONLY), path));
    must(sys_read(fd, text, sizeof text - 1), "pi_chain: read of /proc/ID/stat");
    sys_close(fd);
    const char* at = std::strrchr(text, ')');
    for (int field = 2; field < number; ++field)
        at = std::strchr(at + 1, ' ');
    return std::atoi(at + 1);
}

int shown_priority(int id) { return stat_field(id, 18); }

constexpr int shown(int rt_priority) { return rt_priority != 0 ? -1 - rt_priority : 20; }

// Checks the real-time priorities with which the four threads run; 0 means none.
void expect_priorities(const char* when, const int (&expected)[LOCKS]) {
    for (int i = 0; i < LOCKS; ++i) {
        const int now = shown_priority(links[i].thread.id());
        if (now != shown(expected[i]))
            fail("pi_chain: %s: thread %d has priority %d, expected %d\n", when, i, now, shown(expected[i]));
    }
}

void run_link(void* argument) {
    const int i = static_cast<int>(reinterpret_cast<std::intptr_t>(argument));
    must(futex_lock_pi(&links[i].lock, PRIVATE), "pi_chain: FUTEX_LOCK_PI");
    if (i == 0) {
        while (release == 0)
            futex_wait(&release, 0, PRIVATE);
    } else {
        must(futex_lock_pi(&links[i - 1].lock, PRIVATE), "pi_chain: FUTEX_LOCK_PI");
        if (order.fetch_add(1) != static_cast<u32>(i - 1))
            fail("pi_chain: thread %d has its lock out of turn\n", i);
        must(futex_unlock_pi(&links[i - 1].lock, PRIVATE), "pi_chain: FUTEX_UNLOCK_PI");
    }
    must(futex_unlock_pi(&links[i].lock, PRIVATE), "pi_chain: FUTEX_UNLOCK_PI");
    // No thread waits behind it any more, so it has its own priority again.
    const int own = i == LOCKS - 1 ? shown(30) : i == 1 ? shown(40) : shown(0);
    if (shown_priority(links[i].thread.id()) != own)
        fail("pi_chain: thread %d keeps priority %d, expected %d\n", i, shown_priority(links[i].thread.id()), own);
}

// Waits until the thread sleeps. Where this is called, that is in FUTEX_LOCK_PI, or at `release`.
void await_sleep(int id) {
    char state = 0;
    while (state != 'S') {
        sys_nanosleep(0, 1'000'000);
        char path[32], text[128] = {};
        snprintf(path, sizeof path, "/proc/%d/stat", id);
        const int fd = static_cast<int>(must(sys_open(path, O_RDONLY), path));
        sys_read(fd, text, sizeof text - 1);
        sys_close(fd);
        state = std::strrchr(text, ')')[2];
    }
}

// Waits for the last lock until a timeout, and lends priority 70 for that time.
void passer_by(void*) {
    set_fifo(0, 70);
    const __kernel_timespec soon = [] {
        __kernel_timespec now{};
        sys_clock_gettime(1 /* CLOCK_MONOTONIC */, &now);
        now.tv_nsec += 50'000'000;
        if (now.tv_nsec >= 1'000'000'000) {
            now.tv_nsec -= 1'000'000'000;
            ++now.tv_sec;
        }
        return now;
    }();
    const long result =
        system_call(__NR_futex_time64, &links[LOCKS - 1].lock, FUTEX_LOCK_PI2 | PRIVATE, 0, &soon, nullptr, 0);
    if (result != -ETIMEDOUT)
        fail("pi_chain: FUTEX_LOCK_PI2 in vain answered %ld (%s)\n", result, errno_name(result));
}

} // namespace

int main() {
    set_fifo(0, 90); // above all of them, so that none of them runs while it looks
    for (int i = 0; i < LOCKS; ++i) {
        must(links[i].thread.start(run_link, reinterpret_cast<void*>(i)), "pi_chain: clone");
        set_fifo(links[i].thread.id(), 0);
        await_sleep(links[i].thread.id());
    }
    expect_priorities("no thread is urgent", {0, 0, 0, 0});
    set_fifo(links[3].thread.id(), 50);
    expect_priorities("the last becomes urgent", {50, 50, 50, 50});
    set_fifo(links[1].thread.id(), 60);
    expect_priorities("the second more so", {60, 60, 50, 50});
    set_fifo(links[1].thread.id(), 40);
    expect_priorities("and less", {50, 50, 50, 50});
    set_fifo(links[3].thread.id(), 30);
    expect_priorities("the last less than the second", {40, 40, 30, 30});

    Thread visitor;
    must(visitor.start(passer_by, nullptr), "pi_chain: clone");
    await_sleep(visitor.id());
    expect_priorities("a passer-by waits", {70, 70, 70, 70});
    visitor.join();
    expect_priorities("it has gone", {40, 40, 30, 30});

    // No thread waits for thread 3's lock. (A wait of thread 0 for it would close a circle.)
    release = 1;
    must(futex_wake(&release, 1, PRIVATE), "pi_chain: FUTEX_WAKE");
    for (Link& link : links)
        link.thread.join();
    if (order != LOCKS - 1)
        fail("pi_chain: %u threads had their locks\n", order.load());
    print("pi_chain: %d locks deep, every priority as it should be\n", LOCKS);
    return 0;
}
