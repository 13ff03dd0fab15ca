// fair_shares: on two processors, threads that compute and never sleep get equal shares of the time, however many they
// are and wherever they begin; and a thread runs on no processor that it may not use. Run it under --icount, where time
// is counted in instructions.
#include <span>

#include <ulib/cpus.hpp>
#include <ulib/print.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

using Nanoseconds = long long;
constexpr Nanoseconds MS = 1'000'000;
constexpr Nanoseconds BEGIN = 40 * MS, PERIOD = 300 * MS; // when measuring begins, and how long it lasts
constexpr Nanoseconds TOLERANCE = 25 * MS;                // two time slices of 10 ms, and some more
constexpr unsigned FIRST = 1, SECOND = 2, BOTH = 3;       // masks of processors

constexpr int MONOTONIC = 1, THREAD_CPUTIME_ID = 3; // linux/time.h
Nanoseconds now(int clock) {
    __kernel_timespec time{};
    must(sys_clock_gettime(clock, &time), "fair_shares: clock_gettime");
    return time.tv_sec * 1000 * MS + time.tv_nsec;
}

struct Wanted {
    unsigned cpus;
    int share_ms; // of PERIOD
    bool real_time = false;
};

struct Spinner {
    Thread thread;
    Wanted wanted{};
    Nanoseconds begin = 0, ran = 0;
    unsigned seen = 0; // the processors on which it ran, as a mask

    void compute_until(Nanoseconds moment) {
        while (now(MONOTONIC) < moment) {
            seen |= 1u << current_cpu();
            for (int i = 0; i < 5000; ++i)
                asm volatile("");
        }
    }
    void run() {
        must(allow_cpus(FIRST), "fair_shares: sched_setaffinity"); // all begin on the first
        must(allow_cpus(wanted.cpus), "fair_shares: sched_setaffinity");
        if (const int priority = 1; wanted.real_time)
            must(system_call(__NR_sched_setscheduler, 0, SCHED_FIFO, &priority), "fair_shares: SCHED_FIFO");
        compute_until(begin);
        const Nanoseconds before = now(THREAD_CPUTIME_ID);
        compute_until(begin + PERIOD);
        ran = now(THREAD_CPUTIME_ID) - before;
    }
};

void expect_shares(const char* what, std::span<const Wanted> all) {
    Spinner spinners[5];
    const Nanoseconds begin = now(MONOTONIC) + BEGIN;
    for (unsigned i = 0; i < all.size(); ++i) {
        spinners[i].wanted = all[i];
        spinners[i].begin = begin;
        const auto run = [](void* spinner) { static_cast<Spinner*>(spinner)->run(); };
        must(spinners[i].thread.start(run, &spinners[i]), "fair_shares: clone");
    }
    for (unsigned i = 0; i < all.size(); ++i)
        spinners[i].thread.join();
    bool fair = true;
    for (unsigned i = 0; i < all.size(); ++i) {
        const Spinner& spinner = spinners[i];
        const Nanoseconds more = spinner.ran - all[i].share_ms * MS;
        fair &= -TOLERANCE < more && more < TOLERANCE;
        print("fair_shares: %s: thread %u had %d ms, expected %d\n", what, i, static_cast<int>(spinner.ran / MS),
              all[i].share_ms);
        if ((spinner.seen & ~all[i].cpus) != 0)
            fail("fair_shares: thread %u was on processors %x, and may be on %x\n", i, spinner.seen, all[i].cpus);
    }
    if (!fair)
        fail("fair_shares: %s: not what each should have had\n", what);
}

} // namespace

int main() {
    if (allowed_cpus() != BOTH)
        fail("fair_shares: this needs two processors\n");
    expect_shares("three alike", {{{BOTH, 200}, {BOTH, 200}, {BOTH, 200}}});
    expect_shares("five alike", {{{BOTH, 120}, {BOTH, 120}, {BOTH, 120}, {BOTH, 120}, {BOTH, 120}}});
    expect_shares("two that stay", {{{FIRST, 150}, {FIRST, 150}, {BOTH, 150}, {BOTH, 150}}});
    expect_shares("one beside", {{{FIRST, 150}, {FIRST, 150}, {SECOND, 300}}});
    expect_shares("behind a real-time thread", {{{BOTH, 150}, {BOTH, 150}, {FIRST, 300, true}}});
    return 0;
}
