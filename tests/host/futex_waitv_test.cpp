// futex_waitv(2): results, timeouts, signals and errors.
#include <catch2/catch.hpp>

#include "arch/contract/clock.hpp"
#include "kernel/futex/syscalls.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/mprotect.hpp"
#include "mm/page_alloc.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

constexpr u32 SIZE_32 = 2; // FUTEX_32
constexpr u32 ENTRY_BYTES = 24;

// A vector of `count` words on one page, all expected to be 0, and their descriptions on another page.
struct Vector {
    explicit Vector(FutexHost& host, u32 entries = 3)
        : test(host), mm(host.new_mm()), words(FutexHost::map_private(mm)), table(FutexHost::map_private(mm)),
          time(words + 3072), count(entries) {}

    UserAddr word(u32 i) const { return words + 4 * i; }

    void describe(u32 i, UserAddr at, u32 value = 0, u32 flags = SIZE_32 | PRIVATE, u32 reserved = 0) {
        const u32 fields[] = {value, 0, at.value(), 0, flags, reserved};
        for (u32 field = 0; field < 6; ++field)
            test.store(table + i * ENTRY_BYTES + 4 * field, fields[field]);
    }
    void describe_all() {
        for (u32 i = 0; i < count; ++i)
            describe(i, word(i));
    }
    UserAddr at(u32 seconds) {
        const u32 fields[] = {seconds, 0, 0, 0};
        for (u32 field = 0; field < 4; ++field)
            test.store(time + 4 * field, fields[field]);
        return time;
    }
    Result<u32> wait(UserAddr timeout = {}, s32 clock = 1) { return sys_futex_waitv(table, count, 0, timeout, clock); }

    FutexHost& test;
    MmStruct& mm;
    UserAddr words, table, time;
    u32 count;
};

} // namespace

TEST_CASE("futex_waitv: a wake of any of them ends it with its index, and none stays queued") {
    FutexHost test;
    const u32 count = GENERATE(1u, 3u, 128u);
    const u32 woken = GENERATE(0u, 127u) % count;
    Vector v(test, count);
    bool done = false;
    test.spawn(v.mm, [&] {
        v.describe_all();
        CHECK(v.wait().value() == woken);
        for (u32 i = 0; i < count; ++i)
            CHECK(queued(v.word(i)) == 0);
        done = true;
    });
    test.spawn(v.mm, [&] {
        CHECK(queued(v.word(0)) == 1);
        CHECK(queued(v.word(count - 1)) == 1);
        CHECK(futex(FUTEX_WAKE | PRIVATE, v.word(woken), 1).value() == 1);
    });
    test.run();
    CHECK(done);
}

TEST_CASE("futex_waitv: two are woken: one call of them is told, each waker told of one") {
    FutexHost test;
    Vector v(test);
    test.spawn(v.mm, [&] {
        v.describe_all();
        CHECK(v.wait().value() == 2);
    });
    test.spawn(v.mm, [&] {
        CHECK(futex(FUTEX_WAKE | PRIVATE, v.word(2), 9).value() == 1);
        CHECK(futex(FUTEX_WAKE | PRIVATE, v.word(0), 9).value() == 1);
        CHECK(futex(FUTEX_WAKE | PRIVATE, v.word(0), 9).value() == 0);
    });
    test.run();
}

TEST_CASE("futex_waitv: a value that differs, a deadline on either clock, a signal") {
    FutexHost test;
    Vector v(test);
    test.run(v.mm, [&] {
        v.describe_all();
        v.describe(1, v.word(1), 7);
        CHECK(v.wait().error() == Errno::AGAIN);
        CHECK(current()->state == TaskState::Running);
        for (u32 i = 0; i < v.count; ++i)
            CHECK(queued(v.word(i)) == 0);
        v.describe_all();
        CHECK(v.wait(v.at(5)).error() == Errno::TIMEDOUT);
        CHECK(clock_ns() == 5 * NSEC_PER_SEC);
        CHECK(v.wait(v.at(1006), 0).error() == Errno::TIMEDOUT);
        CHECK(clock_ns() == 6 * NSEC_PER_SEC);
        test.host.fatal_signal = true;
        CHECK(v.wait().error() == Errno::RESTARTSYS);
        test.host.fatal_signal = false;
        CHECK(queued(v.word(0)) == 0);
    });
}

TEST_CASE("futex_waitv: words on pages that are old, absent or not there") {
    FutexHost test;
    Vector v(test, 2);
    test.run(v.mm, [&] {
        const UserAddr fresh = FutexHost::map_private(v.mm);
        v.describe(0, v.word(0));
        v.describe(1, fresh);
        FutexHost::age(v.mm);
        CHECK(v.wait(v.at(1)).error() == Errno::TIMEDOUT);
        CHECK(test.faultins() == 0);
        REQUIRE(do_mprotect(v.mm, fresh, PAGE_SIZE, PROT_NONE).ok());
        CHECK(v.wait(v.at(2)).error() == Errno::FAULT);
        CHECK(queued(v.word(0)) == 0);
    });
}

TEST_CASE("futex_waitv: arguments") {
    FutexHost test;
    Vector v(test);
    test.run(v.mm, [&] {
        v.describe_all();
        CHECK(sys_futex_waitv(v.table, 0, 0, {}, 1).error() == Errno::INVAL);
        CHECK(sys_futex_waitv(v.table, 129, 0, {}, 1).error() == Errno::INVAL);
        CHECK(sys_futex_waitv(v.table, 3, 1, {}, 1).error() == Errno::INVAL);
        CHECK(sys_futex_waitv({}, 3, 0, {}, 1).error() == Errno::INVAL);
        CHECK(v.wait(v.at(1), 11).error() == Errno::INVAL); // CLOCK_TAI
        CHECK(v.wait(UserAddr(0x9000'0000)).error() == Errno::FAULT);
        CHECK(sys_futex_waitv(UserAddr(0x9000'0000), 3, 0, {}, 1).error() == Errno::FAULT);
        for (const u32 flags : {PRIVATE, u32{1}, SIZE_32 | 4}) {
            v.describe(2, v.word(2), 0, flags);
            CHECK(v.wait().error() == Errno::INVAL);
        }
        v.describe(2, v.word(2), 0, SIZE_32, 1); // a reserved field
        CHECK(v.wait().error() == Errno::INVAL);
        v.describe(2, v.word(2) + 1);
        CHECK(v.wait().error() == Errno::INVAL);
        v.describe(2, UserAddr(0));
        CHECK(v.wait().error() == Errno::FAULT);
    });
}
