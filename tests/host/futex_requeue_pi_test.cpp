// FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI.
#include <catch2/catch.hpp>

#include "arch/contract/clock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/sched/policy.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/shmem.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

constexpr u32 WAITERS = FUTEX_WAITERS;
constexpr u32 LOCK = FUTEX_LOCK_PI | PRIVATE, UNLOCK = FUTEX_UNLOCK_PI | PRIVATE,
              WAIT = FUTEX_WAIT_REQUEUE_PI | PRIVATE, REQUEUE = FUTEX_CMP_REQUEUE_PI | PRIVATE;

u32 tid() { return static_cast<u32>(current()->pid); }

// A condition variable's word and a PI mutex, on pages of their own.
struct Condition {
    explicit Condition(FutexHost& host)
        : test(host), mm(host.new_mm()), cond(FutexHost::map_private(mm)), mutex(FutexHost::map_private(mm)),
          time(cond + 512) {}

    // A task that waits, then holds the mutex for a moment.
    Task& spawn_waiter(char name) {
        return test.spawn(mm, [this, name] {
            const auto result = futex(WAIT, cond, 0, 0, mutex);
            CHECK(result.ok());
            CHECK((test.load(mutex) & FUTEX_TID_MASK) == tid());
            CHECK(current()->pi_blocked_on == nullptr);
            order += name;
            CHECK(futex(UNLOCK, mutex).ok());
        });
    }
    Result<u32> requeue(u32 nr_requeue) { return futex(REQUEUE, cond, 1, nr_requeue, mutex, 0); }

    FutexHost& test;
    MmStruct& mm;
    UserAddr cond, mutex, time;
    std::string order;
};

} // namespace

TEST_CASE("CMP_REQUEUE_PI: the mutex is free: the first waiter gets it, the others queue for it") {
    FutexHost test;
    Condition c(test);
    Task& first = c.spawn_waiter('a');
    c.spawn_waiter('b');
    c.spawn_waiter('c');
    test.spawn(c.mm, [&] {
        test.store(c.mutex, 0);
        CHECK(c.requeue(1).value() == 2);
        CHECK(test.load(c.mutex) == (static_cast<u32>(first.pid) | WAITERS));
        CHECK(queued(c.cond) == 1);
        CHECK(queued(c.mutex) == 1);
        CHECK(first.pi_states != nullptr);
        schedule();
        schedule();
        CHECK(c.order == "ab");
        CHECK(test.load(c.mutex) == 0);
        CHECK(c.requeue(0).value() == 1);
        CHECK((test.load(c.mutex) & WAITERS) == 0); // no other task waits: the heir unlocks in user space
        CHECK(c.requeue(0).value() == 0);
    });
    test.run();
    CHECK(c.order == "abc");
    CHECK(test.faultins() == 0);
}

TEST_CASE("CMP_REQUEUE_PI: the mutex is held: all queue for it, the most urgent first, and lend to its owner") {
    FutexHost test;
    Condition c(test);
    c.spawn_waiter('b');
    Task& urgent = c.spawn_waiter('a');
    c.spawn_waiter('c');
    test.spawn(c.mm, [&] {
        CHECK(futex(LOCK, c.mutex).ok());
        set_policy(urgent, SCHED_FIFO, 33, 0); // after it was queued at the condition
        rt_mutex_adjust_pi(urgent);
        CHECK(c.requeue(0x7fffffff).value() == 3);
        CHECK(test.load(c.mutex) == (tid() | WAITERS));
        CHECK(current()->prio == 99 - 33);
        CHECK(futex(UNLOCK, c.mutex).ok());
        CHECK(current()->prio == DEFAULT_PRIO);
    });
    test.run();
    CHECK(c.order == "abc");
}

TEST_CASE("CMP_REQUEUE_PI: arguments, and waiters that are not meant") {
    FutexHost test;
    Condition c(test);
    c.spawn_waiter('a');
    test.spawn(c.mm, [&] { CHECK(futex(FUTEX_WAIT | PRIVATE, c.cond + 64, 0).ok()); });
    test.spawn(c.mm, [&] {
        CHECK(futex(REQUEUE, c.cond, 1, 0, c.cond, 0).error() == Errno::INVAL);
        for (const u32 nr_wake : {0u, 2u, 0xffff'ffffu})
            CHECK(futex(REQUEUE, c.cond, nr_wake, 0, c.mutex, 0).error() == Errno::INVAL);
        CHECK(futex(REQUEUE, c.cond, 1, 0xffff'ffff, c.mutex, 0).error() == Errno::INVAL);
        CHECK(futex(REQUEUE, c.cond, 1, 0, c.mutex, 1).error() == Errno::AGAIN);
        CHECK(futex(REQUEUE, c.cond, 1, 0, c.mutex + 64, 0).error() == Errno::INVAL); // not its mutex
        CHECK(futex(REQUEUE, c.cond + 64, 1, 0, c.mutex, 0).error() == Errno::INVAL); // a FUTEX_WAIT
        CHECK(futex(FUTEX_WAKE | PRIVATE, c.cond, 1).error() == Errno::INVAL);
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, c.cond, 1, 1, c.mutex, 0).error() == Errno::INVAL);
        CHECK(futex(WAIT, c.cond, 0, 0, c.cond).error() == Errno::INVAL);
        CHECK(futex(WAIT, c.cond, 1, 0, c.mutex).error() == Errno::AGAIN);
        test.store(c.mutex, 4711); // no task has this id
        CHECK(c.requeue(0).error() == Errno::SRCH);
        test.store(c.mutex, 1); // the waiter itself
        CHECK(c.requeue(0).error() == Errno::DEADLK);
        CHECK(queued(c.cond) == 1);
        CHECK(queued(c.mutex) == 0);
        test.store(c.mutex, 0);
        CHECK(c.requeue(0).value() == 1);
        CHECK(futex(FUTEX_WAKE | PRIVATE, c.cond + 64, 1).value() == 1);
    });
    test.run();
}

TEST_CASE("REQUEUE_PI: one word at two addresses is refused, where a shared key shows it") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    AddressSpace* file = shmem_new(PAGE_SIZE, "file").value().release();
    const UserAddr word = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file);
    const UserAddr alias = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file);
    put_mapping(*file);
    test.run(mm, [&] {
        CHECK(futex(FUTEX_WAIT_REQUEUE_PI, word, 0, 0, alias).error() == Errno::INVAL);
        CHECK(current()->state == TaskState::Running);
        CHECK(queued(word, FutexScope::Shared) == 0);
        CHECK(futex(FUTEX_CMP_REQUEUE_PI, word, 1, 0, alias, 0).error() == Errno::INVAL);
    });
}

TEST_CASE("WAIT_REQUEUE_PI: a deadline or a signal, before it is moved and after") {
    FutexHost test;
    Condition c(test);
    const bool moved = GENERATE(false, true), by_signal = GENERATE(false, true);
    Task& waiter = test.spawn(c.mm, [&] {
        test.store(c.time, 5);
        test.store(c.time + 4, 0);
        const Errno expected = !by_signal ? Errno::TIMEDOUT : moved ? Errno::AGAIN : Errno::RESTARTNOINTR;
        CHECK(futex(WAIT, c.cond, 0, by_signal ? 0 : c.time.value(), c.mutex).error() == expected);
        if (!by_signal)
            CHECK(clock_ns() == 5 * NSEC_PER_SEC);
        CHECK(current()->pi_blocked_on == nullptr);
        CHECK(queued(c.cond) == 0);
        CHECK(queued(c.mutex) == 0);
        test.host.fatal_signal = false;
    });
    test.spawn(c.mm, [&] {
        CHECK(futex(LOCK, c.mutex).ok());
        if (moved)
            CHECK(c.requeue(0).value() == 1);
        if (by_signal) {
            test.host.fatal_signal = true;
            wake_up_process(waiter);
        }
        current()->state = TaskState::Uninterruptible;
        schedule_until(6 * NSEC_PER_SEC);
        CHECK(current()->pi_states == nullptr);
        CHECK(futex(UNLOCK, c.mutex).ok());
        CHECK(test.load(c.mutex) == 0);
    });
    test.run();
}

TEST_CASE("WAIT_REQUEUE_PI: its deadline is on either clock, as the operation says") {
    FutexHost test;
    Condition c(test);
    test.run(c.mm, [&] {
        test.store(c.time, 1005); // five seconds after boot on CLOCK_REALTIME
        test.store(c.time + 4, 0);
        CHECK(futex(WAIT | FUTEX_CLOCK_REALTIME, c.cond, 0, c.time.value(), c.mutex).error() == Errno::TIMEDOUT);
        CHECK(clock_ns() == 5 * NSEC_PER_SEC);
        CHECK(futex(REQUEUE | FUTEX_CLOCK_REALTIME, c.cond, 1, 0, c.mutex, 0).error() == Errno::NOSYS);
    });
}

TEST_CASE("CMP_REQUEUE_PI: an aged mutex page is repaired, and nothing has been done before") {
    FutexHost test;
    Condition c(test);
    c.spawn_waiter('a');
    test.spawn(c.mm, [&] {
        test.store(c.mutex, 0);
        test.load(c.cond);
        FutexHost::age(c.mm);
        test.load(c.cond);
        CHECK(c.requeue(0).value() == 1);
        CHECK(test.faultins() == 1);
    });
    test.run();
    CHECK(c.order == "a");
}

TEST_CASE("CMP_REQUEUE_PI: a deadlock through the mutex's owner is refused, and the waiter left alone") {
    FutexHost test;
    Condition c(test);
    const UserAddr third = c.cond + 1024;
    Task& waiter = test.spawn(c.mm, [&] {
        CHECK(futex(LOCK, third).ok());
        CHECK(futex(WAIT, c.cond, 0, 0, c.mutex).error() == Errno::RESTARTNOINTR);
        test.host.fatal_signal = false;
        CHECK(futex(UNLOCK, third).ok());
    });
    test.spawn(c.mm, [&] { // owns the mutex, waits for what the waiter owns
        CHECK(futex(LOCK, c.mutex).ok());
        CHECK(futex(LOCK, third).ok());
        CHECK(futex(UNLOCK, third).ok());
        CHECK(futex(UNLOCK, c.mutex).ok());
    });
    test.spawn(c.mm, [&] {
        CHECK(c.requeue(0).error() == Errno::DEADLK);
        CHECK(queued(c.cond) == 1);
        CHECK(queued(c.mutex) == 0);
        test.host.fatal_signal = true;
        wake_up_process(waiter);
    });
    test.run();
}

TEST_CASE("WAIT_REQUEUE_PI: the mutex's owner exits: the waiter takes over and the word says so") {
    FutexHost test;
    Condition c(test);
    test.spawn(c.mm, [&] {
        CHECK(futex(WAIT, c.cond, 0, 0, c.mutex).value() == 0);
        CHECK(test.load(c.mutex) == (tid() | WAITERS | FUTEX_OWNER_DIED));
        CHECK(futex(UNLOCK, c.mutex).ok());
    });
    test.spawn(c.mm, [&] {
        CHECK(futex(LOCK, c.mutex).ok());
        CHECK(c.requeue(0).value() == 1);
        current()->exiting = true;
        futex_exit(*current());
    });
    test.run();
}
