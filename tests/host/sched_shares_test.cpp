// How tasks share a CPU: by weight those that are not real-time, and what throttling leaves of real-time ones.
// sched(7).
#include <catch2/catch.hpp>

#include <array>
#include <vector>

#include "arch/contract/clock.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/sched/policy.hpp"
#include "kernel/sched/sched.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

constexpr u64 MS = 1'000'000;

// The tick, which a host test has not: an interrupt every 4 ms.
struct Ticks {
    Timer timer;

    Ticks() {
        timer.expired = [](Timer& expired) { mod_timer(expired, clock_ns() + 4 * MS); };
        mod_timer(timer, clock_ns() + 4 * MS);
    }
    ~Ticks() { del_timer(timer); }
};

// The program computes until `end`, and may be preempted every 100 us. Returns how long it had the CPU.
u64 compute_until(FutexHost& test, u64 end) {
    constexpr u64 STEP = MS / 10;
    u64 had = 0;
    while (clock_ns() < end) {
        test.host.machine.advance_clock(clock_ns() + STEP);
        had += STEP;
        cond_resched();
    }
    return had;
}

struct Member {
    s32 policy, priority, nice;
};

// What each of the tasks has of `length`, in ms.
template <std::size_t COUNT>
std::array<u64, COUNT> shares(FutexHost& test, const std::array<Member, COUNT>& members, u64 length) {
    MmStruct& mm = test.new_mm();
    const Ticks ticks;
    const u64 end = clock_ns() + length;
    std::array<u64, COUNT> had{};
    for (std::size_t i = 0; i < COUNT; ++i) {
        Task& task = test.spawn(mm, [&, i] { had[i] = compute_until(test, end) / MS; });
        set_policy(task, members[i].policy, members[i].priority, members[i].nice);
        rt_mutex_adjust_pi(task);
    }
    test.run();
    return had;
}

bool near(u64 had, u64 due, u64 tolerance) { return had + tolerance >= due && had <= due + tolerance; }

} // namespace

TEST_CASE("nice values weigh: a step is a factor of 1.25") {
    FutexHost test;
    const s32 nice = GENERATE(0, 1, 5, -5, 10);
    // Of 10 s, with 1.25^nice to 1.
    u64 ratio = 10'000;
    for (s32 i = 0; i < std::abs(nice); ++i)
        ratio = ratio * 5 / 4;
    const u64 heavy = 10'000 * ratio / (ratio + 10'000), light = 10'000 - heavy;
    const auto had = shares<2>(test, {{{SCHED_NORMAL, 0, 0}, {SCHED_NORMAL, 0, nice}}}, 10'000 * MS);
    CHECK(near(had[0], nice >= 0 ? heavy : light, 25));
    CHECK(near(had[1], nice >= 0 ? light : heavy, 25));
}

TEST_CASE("SCHED_IDLE weighs 3 to 1024") {
    FutexHost test;
    const auto had = shares<2>(test, {{{SCHED_NORMAL, 0, 0}, {SCHED_IDLE, 0, 0}}}, 20'000 * MS);
    CHECK(near(had[1], 20'000 * 3 / 1027, 15));
}

TEST_CASE("a task that wakes up comes before those that compute, and has no more than its share for that") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const Ticks ticks;
    const u64 end = clock_ns() + 2000 * MS;
    u64 latest = 0;
    for (int i = 0; i < 5; ++i)
        test.spawn(mm, [&] { compute_until(test, end); });
    test.spawn(mm, [&] {
        while (clock_ns() < end) {
            const u64 moment = clock_ns() + 30 * MS;
            current()->state = TaskState::Uninterruptible;
            schedule_until(moment);
            latest = std::max(latest, clock_ns() - moment);
        }
    });
    test.run();
    CHECK(latest <= SLICE_NS + MS); // the turn that it finds is not cut short
}

TEST_CASE("a real-time task that never sleeps leaves 50 ms of each second to others") {
    FutexHost test;
    CHECK(set_rt_bandwidth({}).ok());
    const auto had = shares<3>(test, {{{SCHED_FIFO, 50, 0}, {SCHED_NORMAL, 0, 0}, {SCHED_NORMAL, 0, 0}}}, 4000 * MS);
    CHECK(near(had[0], 3800, 15));
    CHECK(near(had[1], 100, 15));
    CHECK(near(had[2], 100, 15));
}

TEST_CASE("throttling counts all real-time tasks of a CPU together, and leaves it idle if there are no others") {
    FutexHost test;
    CHECK(set_rt_bandwidth({.runtime_us = 100'000, .period_us = 500'000}).ok());
    const auto had = shares<2>(test, {{{SCHED_RR, 7, 0}, {SCHED_FIFO, 9, 0}}}, 2000 * MS);
    CHECK(near(had[0] + had[1], 400, 20));
}

TEST_CASE("a real-time task that sleeps enough is not throttled") {
    FutexHost test;
    CHECK(set_rt_bandwidth({}).ok());
    MmStruct& mm = test.new_mm();
    const Ticks ticks;
    const u64 end = clock_ns() + 3000 * MS;
    u64 latest = 0;
    Task& task = test.spawn(mm, [&] {
        while (clock_ns() < end) {
            compute_until(test, clock_ns() + 90 * MS);
            const u64 moment = clock_ns() + 10 * MS;
            current()->state = TaskState::Uninterruptible;
            schedule_until(moment);
            latest = std::max(latest, clock_ns() - moment);
        }
    });
    set_policy(task, SCHED_FIFO, 1, 0);
    rt_mutex_adjust_pi(task);
    test.spawn(mm, [&] { compute_until(test, end); });
    test.run();
    CHECK(latest <= MS);
}

TEST_CASE("what throttling may be set to") {
    FutexHost test;
    for (const RtBandwidth bad :
         {RtBandwidth{-2, 1000}, RtBandwidth{1001, 1000}, RtBandwidth{0, 0}, RtBandwidth{-1, -5}})
        CHECK(set_rt_bandwidth(bad).error() == Errno::INVAL);
    // None of these is a limit.
    for (const RtBandwidth none : {RtBandwidth{-1, 1000}, RtBandwidth{1000, 1000}, RtBandwidth{0, 1000}}) {
        CHECK(set_rt_bandwidth(none).ok());
        const auto had = shares<1>(test, {{{SCHED_FIFO, 1, 0}}}, 100 * MS);
        CHECK(had[0] >= 99);
    }
}
