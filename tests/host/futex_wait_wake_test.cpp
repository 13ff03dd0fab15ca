// FUTEX_WAIT and FUTEX_WAKE: values, bitsets, timeouts, signals, and that a failed wait leaves no waiter queued.
#include <catch2/catch.hpp>

#include "arch/contract/clock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/syscalls.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/fault.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

// Stores a timespec of a 32-bit program at `address`.
u32 timeout_at(FutexHost& test, UserAddr address, u32 seconds, u32 nanoseconds) {
    test.store(address, seconds);
    test.store(address + 4, nanoseconds);
    return address.value();
}

} // namespace

TEST_CASE("WAIT: only while the word has the value") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    test.run(mm, [&] {
        test.store(word, 4);
        CHECK(futex(FUTEX_WAIT | PRIVATE, word, 5).error() == Errno::AGAIN);
        CHECK(futex(FUTEX_WAIT, word, 5).error() == Errno::AGAIN);
        CHECK(queued(word) == 0);
        CHECK(queued(word, FutexScope::Shared) == 0);
    });
}

TEST_CASE("WAIT on a page nobody ever touched: read where it may fault, checked where it may not") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr untouched = FutexHost::map_private(mm), shared = FutexHost::map_shared(mm);
    test.run(mm, [&] {
        const auto serve = test.host.machine.on_fault;
        test.host.machine.on_fault = [&](FaultInfo fault) {
            const bool awake = current()->state == TaskState::Running;
            CHECK((awake || pagefault_disabled())); // handling it may sleep, which is not the sleep for the word
            return serve(fault);
        };
        CHECK(futex(FUTEX_WAIT | PRIVATE, untouched, 1).error() == Errno::AGAIN);
        CHECK(futex(FUTEX_WAIT | PRIVATE, shared, 1).error() == Errno::AGAIN);
        CHECK(futex(FUTEX_WAIT, shared, 1).error() == Errno::AGAIN);
        FutexHost::age(mm);
        CHECK(futex(FUTEX_WAIT | PRIVATE, untouched, 1).error() == Errno::AGAIN);
        CHECK(test.faultins() == 0);
    });
}

TEST_CASE("WAKE: in order of arrival, as many as asked for, over two mappings of one page") {
    FutexHost test;
    MmStruct& parent = test.new_mm();
    const UserAddr word = FutexHost::map_shared(parent);
    MmStruct& child = test.fork(parent);
    std::string order;
    for (const char name : {'a', 'b', 'c'}) {
        test.spawn(child, [&, name] {
            CHECK(futex(FUTEX_WAIT, word, 0).value() == 0);
            order += name;
        });
    }
    test.spawn(parent, [&] {
        CHECK(futex(FUTEX_WAKE | PRIVATE, word, 9).value() == 0); // another key
        CHECK(futex(FUTEX_WAKE, word + 4, 9).value() == 0);
        CHECK(futex(FUTEX_WAKE, word, 2).value() == 2);
        schedule();
        CHECK(order == "ab");
        CHECK(futex(FUTEX_WAKE, word, 2).value() == 1);
    });
    test.run();
    CHECK(order == "abc");
}

TEST_CASE("WAKE_BITSET: only those that share a bit; no bits are an error") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    std::string order;
    for (const u32 bits : {1u, 2u, 3u}) {
        test.spawn(mm, [&, bits] {
            CHECK(futex(FUTEX_WAIT_BITSET | PRIVATE, word, 0, 0, {}, bits).ok());
            order += static_cast<char>('0' + bits);
        });
    }
    test.spawn(mm, [&] {
        CHECK(futex(FUTEX_WAKE_BITSET | PRIVATE, word, 9, 0, {}, 4).value() == 0);
        CHECK(futex(FUTEX_WAKE_BITSET | PRIVATE, word, 9, 0, {}, 2).value() == 2);
        CHECK(futex(FUTEX_WAKE_BITSET | PRIVATE, word, 9, 0, {}, 0).error() == Errno::INVAL);
        CHECK(futex(FUTEX_WAIT_BITSET | PRIVATE, word, 0, 0, {}, 0).error() == Errno::INVAL);
        CHECK(futex(FUTEX_WAKE | PRIVATE, word, 9).value() == 1);
    });
    test.run();
    CHECK(order == "231");
}

TEST_CASE("WAIT: timeouts, from now and at a moment of either clock") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm), time = word + 64;
    test.run(mm, [&] {
        const u64 start = clock_ns();
        CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0, timeout_at(test, time, 0, 5000)).error() == Errno::TIMEDOUT);
        CHECK(clock_ns() == start + 5000);

        const u64 moment = clock_ns() + 3'000'000'000;
        const auto moment_at = [&](u64 ns) {
            return timeout_at(test, time, static_cast<u32>(ns / NSEC_PER_SEC), static_cast<u32>(ns % NSEC_PER_SEC));
        };
        CHECK(futex(FUTEX_WAIT_BITSET | PRIVATE, word, 0, moment_at(moment), {}, 1).error() == Errno::TIMEDOUT);
        CHECK(clock_ns() == moment);

        const u64 later = moment + 7000;
        CHECK(futex(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME | PRIVATE, word, 0,
                    moment_at(later + FutexHost::REALTIME_OFFSET), {}, 1)
                  .error() == Errno::TIMEDOUT);
        CHECK(clock_ns() == later);

        // A deadline in the past, on either clock, ends the wait at once.
        CHECK(futex(FUTEX_WAIT_BITSET | PRIVATE, word, 0, moment_at(1), {}, 1).error() == Errno::TIMEDOUT);
        CHECK(futex(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME | PRIVATE, word, 0, moment_at(1), {}, 1).error() ==
              Errno::TIMEDOUT);
        CHECK(clock_ns() == later);
        CHECK(queued(word) == 0);
    });
}

TEST_CASE("WAIT: bad times, and a clock where there is no choice of one") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm), time = word + 64;
    test.run(mm, [&] {
        const auto wait = [&](u32 op, u32 seconds, u32 nanoseconds) {
            return futex(op | PRIVATE, word, 0, timeout_at(test, time, seconds, nanoseconds), {}, 1).error();
        };
        CHECK(wait(FUTEX_WAIT, 0, 1'000'000'000) == Errno::INVAL);
        CHECK(wait(FUTEX_WAIT, 0, 0xffff'ffff) == Errno::INVAL);
        CHECK(wait(FUTEX_WAIT, 0xffff'ffff, 0) == Errno::INVAL);
        CHECK(wait(FUTEX_LOCK_PI, 0, 1'000'000'000) == Errno::INVAL);
        CHECK(wait(FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, 1) == Errno::NOSYS);
        CHECK(futex(FUTEX_WAKE | FUTEX_CLOCK_REALTIME, word, 1).error() == Errno::NOSYS);
        CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0, 8).error() == Errno::FAULT);
        CHECK(futex(2, word).error() == Errno::NOSYS);
        CHECK(futex(99, word).error() == Errno::NOSYS);

        // futex_time64: only the low half of the nanoseconds counts.
        test.store(time, 0);
        test.store(time + 4, 0);
        test.store(time + 8, 10);
        test.store(time + 12, 0xdead'beef);
        CHECK(sys_futex_time64(word, FUTEX_WAIT | PRIVATE, 0, time, {}, 0).error() == Errno::TIMEDOUT);
        test.store(time + 4, 0x8000'0000);
        CHECK(sys_futex_time64(word, FUTEX_WAIT | PRIVATE, 0, time, {}, 0).error() == Errno::INVAL);
    });
}

TEST_CASE("WAIT: a wake-up before the deadline wins, and disarms it") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    test.spawn(mm,
               [&] { CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0, timeout_at(test, word + 64, 1, 0)).value() == 0); });
    test.spawn(mm, [&] { CHECK(futex(FUTEX_WAKE | PRIVATE, word, 1).value() == 1); });
    test.run();
    CHECK(clock_ns() == 0);
}

TEST_CASE("WAIT: a signal ends it, to be restarted; with a timeout towards the same moment") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    test.run(mm, [&] {
        test.host.fatal_signal = true;
        CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0).error() == Errno::RESTARTSYS);
        CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0, timeout_at(test, word + 64, 2, 0)).error() ==
              Errno::RESTART_RESTARTBLOCK);
        CHECK(queued(word) == 0);
        test.host.fatal_signal = false;
        RestartBlock& block = current()->restart_block;
        CHECK(block.deadline_ns == 2 * NSEC_PER_SEC);
        CHECK(block.function(block).error() == Errno::TIMEDOUT);
        CHECK(clock_ns() == 2 * NSEC_PER_SEC);
    });
}

TEST_CASE("WAIT: no waiter remains queued when the word cannot be read") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr none = FutexHost::map(mm, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
    test.run(mm, [&] {
        for (const UserAddr address : {none, UserAddr(0), UserAddr(0x1000)}) {
            CHECK(futex(FUTEX_WAIT | PRIVATE, address, 0).error() == Errno::FAULT);
            CHECK(queued(address) == 0);
            CHECK(futex(FUTEX_WAIT, address, 0).error() == Errno::FAULT);
            CHECK(futex(FUTEX_WAKE | PRIVATE, address, 1).value() == 0);
        }
    });
}

TEST_CASE("clear_child_tid's wake reaches another process") {
    FutexHost test;
    MmStruct& parent = test.new_mm();
    const UserAddr word = FutexHost::map_shared(parent);
    MmStruct& child = test.fork(parent);
    bool woken = false;
    test.spawn(parent, [&] {
        CHECK(futex(FUTEX_WAIT, word, 0).ok());
        woken = true;
    });
    test.spawn(child, [&] {
        futex_wake_address(UserAddr(4), 1); // nothing there: nothing happens
        futex_wake_address(word, 1);
    });
    test.run();
    CHECK(woken);
}

TEST_CASE("a bucket's lock is held exactly while the word may not fault, whichever operation it is") {
    struct Row {
        const char* name;
        u32 op, val;
        bool read_first; // so that the entry is present and clean: only the write faults
    };
    const Row row = GENERATE(Row{"WAIT", FUTEX_WAIT, 1, false}, Row{"CMP_REQUEUE", FUTEX_CMP_REQUEUE, 0, false},
                             Row{"WAKE_OP", FUTEX_WAKE_OP, 0, false}, Row{"WAKE_OP", FUTEX_WAKE_OP, 0, true},
                             Row{"LOCK_PI", FUTEX_LOCK_PI, 0, false}, Row{"LOCK_PI", FUTEX_LOCK_PI, 0, true},
                             Row{"UNLOCK_PI", FUTEX_UNLOCK_PI, 0, true});
    CAPTURE(row.name, row.read_first);
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_shared(mm);
    test.run(mm, [&] {
        if (row.read_first)
            test.load(word);
        if (row.op == FUTEX_UNLOCK_PI)
            FutexHost::word(mm, word) = static_cast<u32>(current()->pid);
        FutexKey key;
        REQUIRE(get_futex_key(word, FutexScope::Private, FutexAccess::Read, key).ok());
        const FutexHashBucket& bucket = futex_hash(key);
        u32 atomic_faults = 0;
        const auto serve = test.host.machine.on_fault;
        test.host.machine.on_fault = [&](FaultInfo fault) {
            CHECK(bucket.lock.is_locked() == pagefault_disabled());
            CHECK_FALSE(mm.mmap_lock.is_locked());
            atomic_faults += pagefault_disabled() ? 1 : 0;
            return serve(fault);
        };
        const bool counts = row.op == FUTEX_CMP_REQUEUE || row.op == FUTEX_WAKE_OP;
        const Errno result = futex(row.op | PRIVATE, word, row.val, counts ? 1 : 0, word, counts ? ADD_1 : 0).error();
        CHECK((result == Errno{} || result == Errno::AGAIN));
        CHECK(atomic_faults == 1);
        CHECK_FALSE(bucket.lock.is_locked());
        CHECK_FALSE(pagefault_disabled());
    });
}

TEST_CASE("WAIT: the word changes while its fault is served: compared again, under the lock, and no sleep") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_shared(mm);
    test.run(mm, [&] {
        const auto serve = test.host.machine.on_fault;
        test.host.machine.on_fault = [&](FaultInfo fault) {
            const bool served = serve(fault);
            if (served)
                FutexHost::word(mm, word) = 1; // as a waker: first the word, then FUTEX_WAKE, which finds no waiter
            return served;
        };
        CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0).error() == Errno::AGAIN);
        CHECK(queued(word) == 0);
    });
}
