// Which task runs, and in which order: policies, priorities, slices and preemption. sched(7).
#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "arch/contract/clock.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/sched/policy.hpp"
#include "kernel/sched/sched.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

Task& with_policy(Task& task, s32 policy, s32 rt_priority) {
    set_policy(task, policy, rt_priority, task.nice);
    rt_mutex_adjust_pi(task);
    return task;
}
Task& fifo(Task& task, s32 rt_priority) { return with_policy(task, SCHED_FIFO, rt_priority); }

// The program computes until `moment`. Interrupts that are due on the way are taken, and it may be preempted.
void compute_until(FutexHost& test, u64 moment) {
    test.host.machine.advance_clock(moment);
    cond_resched();
}

} // namespace

TEST_CASE("the most urgent runs first; equals in the order in which they came; all others take turns") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    std::string order;
    const auto say = [&](char name) { return [&order, name] { order += name; }; };
    test.spawn(mm, say('o')).nice = -20; // a nice value is no priority
    fifo(test.spawn(mm, say('b')), 50);
    test.spawn(mm, say('p'));
    fifo(test.spawn(mm, say('d')), 1);
    fifo(test.spawn(mm, say('a')), 99);
    with_policy(test.spawn(mm, say('c')), SCHED_RR, 50);
    test.run();
    CHECK(order == "abcdop");
}

TEST_CASE("a more urgent task that wakes up preempts, and the preempted one goes on before its equals") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    std::string order;
    Task* urgent = nullptr;
    fifo(test.spawn(mm,
                    [&] {
                        order += '1';
                        wake_up_process(*urgent);
                        CHECK(current()->need_resched);
                        order += '2';
                        cond_resched();
                        order += '4';
                    }),
         10);
    fifo(test.spawn(mm, [&] { order += '5'; }), 10);
    urgent = &fifo(test.spawn(mm,
                              [&] {
                                  current()->state = TaskState::Uninterruptible;
                                  schedule();
                                  order += '3';
                              }),
                   11);
    test.run();
    CHECK(order == "12345");
}

TEST_CASE("an equal, or a less urgent task, does not preempt; yield lets equals run, but no other task") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    std::string order;
    fifo(test.spawn(mm,
                    [&] {
                        fifo(test.spawn(mm, [&] { order += 'e'; }), 10);
                        fifo(test.spawn(mm, [&] { order += 'l'; }), 9);
                        CHECK_FALSE(current()->need_resched);
                        order += '1';
                        yield();
                        order += '2';
                        yield();
                        order += '3';
                    }),
         10);
    test.run();
    CHECK(order == "1e23l");
}

TEST_CASE("SCHED_RR takes turns of 100 ms, SCHED_OTHER of 10 ms, SCHED_FIFO has none") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    std::string order;
    const auto [policy, priority, slice] =
        GENERATE(std::tuple(SCHED_RR, 5, RR_TIMESLICE_NS), std::tuple(SCHED_NORMAL, 0, SLICE_NS),
                 std::tuple(SCHED_FIFO, 5, u64{0}));
    with_policy(test.spawn(mm,
                           [&] {
                               const u64 begin = clock_ns();
                               compute_until(test, begin + (slice != 0 ? slice - 1000 : NSEC_PER_SEC));
                               order += '1';
                               compute_until(test, begin + 2 * NSEC_PER_SEC);
                               order += '2';
                           }),
                policy, priority);
    with_policy(test.spawn(mm, [&] { order += 'x'; }), policy, priority);
    test.run();
    CHECK(order == (slice != 0 ? "1x2" : "12x"));
}

TEST_CASE("a preempted SCHED_RR task has the rest of its slice, not a new one") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    std::string order;
    Task* urgent = nullptr;
    with_policy(test.spawn(mm,
                           [&] {
                               test.host.machine.advance_clock(clock_ns() + RR_TIMESLICE_NS - 5000);
                               wake_up_process(*urgent);
                               cond_resched();
                               order += '1';
                               compute_until(test, clock_ns() + 6000);
                               order += '2';
                           }),
                SCHED_RR, 10);
    with_policy(test.spawn(mm, [&] { order += 'x'; }), SCHED_RR, 10);
    urgent = &fifo(test.spawn(mm,
                              [&] {
                                  current()->state = TaskState::Uninterruptible;
                                  schedule();
                                  // not part of the other's slice
                                  test.host.machine.advance_clock(clock_ns() + NSEC_PER_SEC);
                                  order += 'u';
                              }),
                   11);
    test.run();
    CHECK(order == "u1x2");
}

TEST_CASE("a changed priority: raised to the back of its new equals, lowered to the front") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    std::string order;
    const auto say = [&](char name) { return [&order, name] { order += name; }; };
    Task& raised = fifo(test.spawn(mm, say('r')), 1);
    Task& lowered = fifo(test.spawn(mm, say('l')), 30);
    fifo(test.spawn(mm, say('a')), 20);
    fifo(test.spawn(mm, say('b')), 20);
    fifo(raised, 20);
    fifo(lowered, 20);
    test.run();
    CHECK(order == "labr");
}

TEST_CASE("the running task lowers itself: it is preempted, and first of its new equals") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    std::string order;
    fifo(test.spawn(mm,
                    [&] {
                        fifo(*current(), 10);
                        CHECK(current()->need_resched);
                        cond_resched();
                        order += '2';
                    }),
         30);
    fifo(test.spawn(mm, [&] { order += '3'; }), 10);
    fifo(test.spawn(mm, [&] { order += '1'; }), 20);
    test.run();
    CHECK(order == "123");
}

TEST_CASE("a child inherits its parent's own priority; with SCHED_RESET_ON_FORK only what is no privilege") {
    Task parent, child;
    set_policy(parent, SCHED_RR, 42, 3);
    parent.prio = 0; // boosted
    sched_fork(child, parent);
    CHECK(child.policy == SCHED_RR);
    CHECK(child.rt_priority == 42);
    CHECK(child.prio == 99 - 42);

    parent.sched_reset_on_fork = true;
    sched_fork(child, parent);
    CHECK(child.policy == SCHED_NORMAL);
    CHECK(child.nice == 0);
    CHECK(child.prio == DEFAULT_PRIO);
    CHECK_FALSE(child.sched_reset_on_fork);

    for (const s32 nice : {-5, 5}) {
        set_policy(parent, SCHED_BATCH, 0, nice);
        sched_fork(child, parent);
        CHECK(child.policy == SCHED_BATCH);
        CHECK(child.prio == DEFAULT_PRIO + std::max(nice, 0));
    }
}

TEST_CASE("a FUTEX_WAKE wakes the most urgent waiter first, then in order of arrival") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    std::string order;
    const auto wait = [&](char name) {
        return [&, name] {
            CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0).ok());
            order += name;
            if (order.size() < 5) // wakes the next one
                CHECK(futex(FUTEX_WAKE | PRIVATE, word, 1).value() == 1);
        };
    };
    test.spawn(mm, wait('d')).nice = 10;
    test.spawn(mm, wait('e')).nice = -10;
    fifo(test.spawn(mm, wait('b')), 7);
    fifo(test.spawn(mm, wait('a')), 8);
    fifo(test.spawn(mm, wait('c')), 7);
    test.spawn(mm, [&] { CHECK(futex(FUTEX_WAKE | PRIVATE, word, 1).value() == 1); });
    test.run();
    CHECK(order == "abcde");
}

TEST_CASE("a sleep until a moment of CLOCK_REALTIME follows the clock when it is set") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    constexpr u64 OFFSET = static_cast<u64>(FutexHost::REALTIME_OFFSET);
    u64 woken_at = 0;
    const s64 change = GENERATE(-3'000'000'000, 0, 2'000'000'000, 20'000'000'000, -FutexHost::REALTIME_OFFSET,
                                -FutexHost::REALTIME_OFFSET - 2'000'000'000);
    test.spawn(mm, [&] {
        current()->state = TaskState::Uninterruptible;
        CHECK_FALSE(schedule_until(Deadline(OFFSET + 10 * NSEC_PER_SEC, ClockBase::Realtime)));
        woken_at = clock_ns();
    });
    test.spawn(mm, [&] {
        current()->state = TaskState::Uninterruptible;
        schedule_until(NSEC_PER_SEC);
        set_realtime_offset(FutexHost::REALTIME_OFFSET + change);
    });
    test.run();
    const s64 expected = 10'000'000'000 - change;
    CHECK(woken_at == static_cast<u64>(std::max(expected, s64{1'000'000'000})));
}
