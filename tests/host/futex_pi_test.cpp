// Priority-inheritance futexes: locking, waiting, handing over, the owner's exit; and every way in which word and
// kernel can disagree.
#include <catch2/catch.hpp>
#include <climits>

#include "arch/contract/clock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/shmem.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

constexpr u32 WAITERS = FUTEX_WAITERS, OWNER_DIED = FUTEX_OWNER_DIED;
constexpr u32 LOCK = FUTEX_LOCK_PI | PRIVATE, UNLOCK = FUTEX_UNLOCK_PI | PRIVATE, TRYLOCK = FUTEX_TRYLOCK_PI | PRIVATE;

u32 tid() { return static_cast<u32>(current()->pid); }

void exit_task() {
    current()->exiting = true;
    futex_exit(*current());
}

// Gives every other task a turn.
void let_others_run() {
    for (int i = 0; i < 3; ++i)
        schedule();
}

} // namespace

TEST_CASE("LOCK_PI and UNLOCK_PI without contention") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    test.run(mm, [&] {
        test.store(word, 0);
        CHECK(futex(LOCK, word).value() == 0);
        CHECK(test.load(word) == tid());
        CHECK(futex(LOCK, word).error() == Errno::DEADLK);
        CHECK(futex(TRYLOCK, word).error() == Errno::DEADLK);
        CHECK(futex(UNLOCK, word).value() == 0);
        CHECK(test.load(word) == 0);
        CHECK(futex(UNLOCK, word).error() == Errno::PERM);
        CHECK(futex(TRYLOCK, word).value() == 0);
        CHECK(futex(UNLOCK, word).value() == 0);
        CHECK(futex(FUTEX_LOCK_PI2 | PRIVATE, word).value() == 0);
        // The robust list of an owner that died said so. The next owner learns of it from the word.
        test.store(word, OWNER_DIED);
        CHECK(futex(LOCK, word).value() == 0);
        CHECK(test.load(word) == (OWNER_DIED | tid()));
        CHECK(test.faultins() == 0);
    });
}

TEST_CASE("UNLOCK_PI hands the lock to the waiters in order of arrival") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    std::string order;
    test.spawn(mm, [&] { // 1
        CHECK(futex(LOCK, word).ok());
        let_others_run();
        CHECK(test.load(word) == (1 | WAITERS));
        CHECK(queued(word) == 2);
        CHECK(futex(FUTEX_WAKE | PRIVATE, word, 1).error() == Errno::INVAL);
        CHECK(futex(FUTEX_REQUEUE | PRIVATE, word, 1, 1, word + 64).error() == Errno::INVAL);
        CHECK(futex(UNLOCK, word).ok());
        CHECK(test.load(word) == (2 | WAITERS)); // the word changed before the waiter ran
        CHECK(current()->pi_states == nullptr);
        order += '1';
    });
    for (const u32 self : {2u, 3u}) {
        test.spawn(mm, [&, self] {
            CHECK(futex(TRYLOCK, word).error() == Errno::AGAIN);
            CHECK(futex(LOCK, word).value() == 0);
            CHECK(test.load(word) == (self | WAITERS));
            CHECK(current()->pi_blocked_on == nullptr);
            order += static_cast<char>('0' + self);
            CHECK(futex(UNLOCK, word).ok());
        });
    }
    test.run();
    CHECK(order == "123");
    CHECK(FutexHost::word(mm, word) == 0);
}

TEST_CASE("LOCK_PI: timeouts and signals leave the lock with its owner") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm), time = word + 64;
    bool done = false;
    test.spawn(mm, [&] {
        CHECK(futex(LOCK, word).ok());
        while (!done)
            CHECK(futex(FUTEX_WAIT | PRIVATE, word + 128, 0).ok());
        CHECK(current()->pi_states == nullptr);
        CHECK(futex(UNLOCK, word).ok());
    });
    test.spawn(mm, [&] {
        // The timeout of LOCK_PI is a time of CLOCK_REALTIME, with or without FUTEX_CLOCK_REALTIME; that of LOCK_PI2 is
        // not.
        const u64 moment = FutexHost::REALTIME_OFFSET + 5'000'000'123;
        test.store(time, static_cast<u32>(moment / NSEC_PER_SEC));
        test.store(time + 4, static_cast<u32>(moment % NSEC_PER_SEC));
        CHECK(futex(LOCK, word, 0, time.value()).error() == Errno::TIMEDOUT);
        CHECK(clock_ns() == 5'000'000'123);
        CHECK(queued(word) == 0);
        test.store(time, 6);
        test.store(time + 4, 0);
        CHECK(futex(FUTEX_LOCK_PI2 | PRIVATE, word, 0, time.value()).error() == Errno::TIMEDOUT);
        CHECK(clock_ns() == 6'000'000'000);

        test.host.fatal_signal = true;
        CHECK(futex(LOCK, word).error() == Errno::RESTARTNOINTR);
        test.host.fatal_signal = false;
        CHECK(queued(word) == 0);
        CHECK(current()->pi_blocked_on == nullptr);
        CHECK(test.load(word) == (1 | WAITERS));
        done = true;
        CHECK(futex(FUTEX_WAKE | PRIVATE, word + 128, 1).value() == 1);
    });
    test.run();
    CHECK(FutexHost::word(mm, word) == 0);
}

TEST_CASE("LOCK_PI: a state whose count has saturated stays when its last waiter goes, and outlives its owner") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm), time = word + 64;
    FutexPiState* state = nullptr;
    test.spawn(mm, [&] {
        CHECK(futex(LOCK, word).ok());
        let_others_run(); // the second task waits
        state = current()->pi_states;
        REQUIRE(state != nullptr);
        state->references.set(INT_MAX);
        let_others_run(); // the third task waits too, and then both give up
        CHECK(futex(FUTEX_WAIT | PRIVATE, word + 128, 0).ok());
        CHECK(queued(word) == 0);
        CHECK(current()->pi_states == state);
        CHECK(state->references.read() == Refcount::SATURATED);
        exit_task();
        CHECK(state->owner == nullptr);
    });
    u32 gave_up = 0;
    for (int i = 0; i < 2; ++i)
        test.spawn(mm, [&, i] {
            while (i == 1 && state == nullptr)
                schedule();
            test.store(time, 1);
            CHECK(futex(FUTEX_LOCK_PI2 | PRIVATE, word, 0, time.value()).error() == Errno::TIMEDOUT);
            if (++gave_up == 2)
                CHECK(futex(FUTEX_WAKE | PRIVATE, word + 128, 1).value() == 1);
        });
    test.run();
    state->references.set(1); // as if it had never saturated
    put_pi_state(*state, futex_hash(state->key));
}

TEST_CASE("LOCK_PI: a circle of owners is refused, however long") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr words = FutexHost::map_private(mm);
    constexpr u32 TASKS = 4;
    u32 refused = 0;
    for (u32 i = 0; i < TASKS; ++i) {
        test.spawn(mm, [&, i] {
            CHECK(futex(LOCK, words + 64 * i).ok());
            let_others_run();
            const auto next = futex(LOCK, words + 64 * ((i + 1) % TASKS));
            if (!next.ok()) {
                CHECK(next.error() == Errno::DEADLK);
                ++refused;
            } else {
                CHECK(futex(UNLOCK, words + 64 * ((i + 1) % TASKS)).ok());
            }
            CHECK(futex(UNLOCK, words + 64 * i).ok());
        });
    }
    test.run();
    CHECK(refused == 1);
}

TEST_CASE("LOCK_PI: owners that cannot be, and words that disagree with the waiters") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    Task& waiter = test.spawn(mm, [&] { CHECK(futex(FUTEX_WAIT | PRIVATE, word + 64, 0).ok()); });
    test.spawn(mm, [&] {
        test.store(word, 12345); // no task has this id
        CHECK(futex(LOCK, word).error() == Errno::SRCH);
        CHECK(test.load(word) == (12345 | WAITERS)); // as on Linux
        test.store(word, static_cast<u32>(waiter.pid));
        waiter.kernel_task = true;
        CHECK(futex(LOCK, word).error() == Errno::PERM);
        waiter.kernel_task = false;
        waiter.futex_state = FutexState::Dead;
        CHECK(futex(LOCK, word).error() == Errno::SRCH);
        waiter.futex_state = FutexState::Ok;

        // A FUTEX_WAIT on the word: the program mixes two kinds of lock.
        CHECK(futex(LOCK, word + 64).error() == Errno::INVAL);
        test.store(word + 64, tid());
        CHECK(futex(UNLOCK, word + 64).error() == Errno::INVAL);
        test.store(word + 64, 0);
        CHECK(futex(FUTEX_WAKE | PRIVATE, word + 64, 1).value() == 1);
        CHECK(queued(word) == 0);
    });
    test.run();
}

TEST_CASE("LOCK_PI and UNLOCK_PI: a word that the program overwrites while there are waiters") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    test.spawn(mm, [&] { // 1
        CHECK(futex(LOCK, word).ok());
        let_others_run();
        test.store(word, 3);
        let_others_run();    // 3 is refused
        test.store(word, 1); // WAITERS gone
        CHECK(futex(UNLOCK, word).ok());
    });
    test.spawn(mm, [&] { // 2
        CHECK(futex(LOCK, word).ok());
        CHECK(futex(UNLOCK, word).ok());
    });
    test.spawn(mm, [&] { // 3
        while (test.load(word) != 3)
            schedule();
        CHECK(futex(UNLOCK, word).error() == Errno::INVAL); // the kernel knows the real owner
        for (const u32 other : {77u, 0u}) {                 // no task's id; and nobody's, though a task waits
            test.store(word, other);
            CHECK(futex(LOCK, word).error() == Errno::INVAL);
        }
        CHECK(queued(word) == 1);
    });
    test.run();
    CHECK(FutexHost::word(mm, word) == 0);
}

TEST_CASE("LOCK_PI: the owner exits with waiters: the first takes over and the word says what happened") {
    FutexHost test;
    MmStruct& parent = test.new_mm();
    const UserAddr word = FutexHost::map_shared(parent);
    MmStruct& child = test.fork(parent);
    test.spawn(parent, [&] { // 1
        CHECK(futex(FUTEX_LOCK_PI, word).error() == Errno{});
        let_others_run();
        CHECK(queued(word, FutexScope::Shared) == 2);
        exit_task();
        CHECK(current()->pi_states == nullptr);
    });
    for (const u32 self : {2u, 3u}) {
        test.spawn(child, [&, self] {
            CHECK(futex(FUTEX_LOCK_PI, word).value() == 0);
            CHECK(test.load(word) == (self | WAITERS | (self == 2 ? OWNER_DIED : 0))); // only the first is told
            let_others_run();
            CHECK(futex(FUTEX_UNLOCK_PI, word).ok());
        });
    }
    test.run();
}

TEST_CASE("LOCK_PI: taking over from a dead owner through an entry that was only read") {
    FutexHost test;
    MmStruct& parent = test.new_mm();
    const UserAddr word = FutexHost::map_shared(parent);
    MmStruct& child = test.fork(parent);
    test.spawn(parent, [&] {
        CHECK(futex(FUTEX_LOCK_PI, word).ok());
        let_others_run();
        exit_task();
    });
    test.spawn(child, [&] {
        CHECK(futex(FUTEX_LOCK_PI, word).value() == 0);
        CHECK(test.load(word) == (2 | WAITERS | OWNER_DIED));
        CHECK(test.faultins() == 1);
    });
    test.spawn(child, [&] { // ages the page that 2's LOCK_PI made dirty, while 2 waits
        FutexHost::age(child);
    });
    test.run();
}

TEST_CASE("LOCK_PI: an owner in the middle of its exit is waited for, not misjudged") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    std::string order;
    test.spawn(mm, [&] {
        CHECK(futex(LOCK, word).ok());
        current()->exiting = true;
        current()->futex_state = FutexState::Exiting; // as if the robust list's walk slept
        let_others_run();
        order += "exit ";
        futex_exit(*current());
    });
    test.spawn(mm, [&] {
        CHECK(futex(LOCK, word).error() == Errno::SRCH); // it had no robust list: its lock is lost
        order += "answer";
    });
    test.run();
    CHECK(order == "exit answer");
}

TEST_CASE("UNLOCK_PI: a waiter, and an entry that is clean: nothing happens until the word is written") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    AddressSpace* file = shmem_new(PAGE_SIZE, "file").value().release();
    const UserAddr word = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file);
    const UserAddr alias = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file);
    put_mapping(*file);
    test.spawn(mm, [&] {
        CHECK(futex(FUTEX_LOCK_PI, word).ok());
        let_others_run();
        test.load(alias);
        CHECK(futex(FUTEX_UNLOCK_PI, alias).ok());
        CHECK(test.faultins() == 1);
        CHECK(test.load(word) == (2 | WAITERS));
    });
    test.spawn(mm, [&] {
        CHECK(futex(FUTEX_LOCK_PI, word).ok());
        CHECK(futex(FUTEX_UNLOCK_PI, word).ok());
    });
    test.run();
    CHECK(FutexHost::word(mm, word) == 0);
}

TEST_CASE("LOCK_PI: a FUTEX_WAIT that strayed among the waiters does not keep the lock from its heir") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm), time = word + 64;
    Task* wanderer = nullptr;
    test.spawn(mm, [&] {     // 1
        test.store(time, 1); // LOCK_PI2: one second after boot
        test.store(time + 4, 0);
        CHECK(futex(LOCK, word).ok());
        while (clock_ns() < NSEC_PER_SEC) // until 2 has given up
            CHECK(futex(FUTEX_WAIT_BITSET | PRIVATE, word + 128, 0, time.value(), {}, 1).error() == Errno::TIMEDOUT);
        let_others_run();
        CHECK(queued(word) == 2);
        exit_task();
    });
    test.spawn(mm, [&] { // 2
        CHECK(futex(FUTEX_LOCK_PI2 | PRIVATE, word, 0, time.value()).error() == Errno::TIMEDOUT);
    });
    wanderer = &test.spawn(mm, [&] { // 3
        CHECK(futex(FUTEX_WAIT | PRIVATE, word, 1 | WAITERS).value() == 0);
    });
    test.spawn(mm, [&] { // 4
        CHECK(futex(LOCK, word).value() == 0);
        CHECK(test.load(word) == (4 | WAITERS | OWNER_DIED));
        CHECK(wanderer->state == TaskState::Interruptible);
        CHECK(futex(FUTEX_WAKE | PRIVATE, word, 1).value() == 1);
        CHECK(futex(UNLOCK, word).ok());
    });
    test.run();
}
