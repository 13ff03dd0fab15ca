// FUTEX_REQUEUE and FUTEX_CMP_REQUEUE.
#include <catch2/catch.hpp>

#include "kernel/sched/sched.hpp"
#include "mm/mprotect.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

// Starts five waiters on `word`, then `body`, and runs all to their end.
void with_waiters(FutexHost& test, MmStruct& mm, UserAddr word, std::string& order, std::function<void()> body) {
    for (const char name : {'a', 'b', 'c', 'd', 'e'}) {
        test.spawn(mm, [&, word, name] {
            CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0).value() == 0);
            order += name;
        });
    }
    test.spawn(mm, std::move(body));
    test.run();
}

} // namespace

TEST_CASE("CMP_REQUEUE: wakes some, moves some, leaves the rest, all in order; val2 is a number") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr from = FutexHost::map_private(mm), to = from + 256;
    std::string order;
    with_waiters(test, mm, from, order, [&] {
        // As the address of a timeout, 2 would give EFAULT.
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, from, 1, 2, to, 0).value() == 3);
        schedule();
        CHECK(order == "a");
        CHECK(queued(from) == 2);
        CHECK(queued(to) == 2);
        CHECK(futex(FUTEX_WAKE | PRIVATE, to, 9).value() == 2);
        schedule();
        CHECK(order == "abc");
        CHECK(futex(FUTEX_WAKE | PRIVATE, from, 9).value() == 2);
    });
    CHECK(order == "abcde");
}

TEST_CASE("CMP_REQUEUE: another value, and nothing happens") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr from = FutexHost::map_private(mm), to = from + 256;
    std::string order;
    with_waiters(test, mm, from, order, [&] {
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, from, 1, 2, to, 1).error() == Errno::AGAIN);
        CHECK(queued(from) == 5);
        CHECK(queued(to) == 0);
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, from, 0xffff'ffff, 2, to, 0).error() == Errno::INVAL);
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, from, 1, 0xffff'ffff, to, 0).error() == Errno::INVAL);
        CHECK(futex(FUTEX_REQUEUE | PRIVATE, from, 5, 0, to, 1).value() == 5); // REQUEUE does not compare
    });
}

TEST_CASE("CMP_REQUEUE: the word's page is old or absent: read again, then done once") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr from = FutexHost::map_private(mm), to = FutexHost::map_private(mm);
    std::string order;
    with_waiters(test, mm, from, order, [&] {
        FutexHost::age(mm);
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, from, 0, 9, to, 0).value() == 5);
        CHECK(queued(to) == 5);
        CHECK(test.faultins() == 0);
        CHECK(futex(FUTEX_WAKE | PRIVATE, to, 9).value() == 5);
    });
}

TEST_CASE("CMP_REQUEUE: onto itself, every waiter is moved once") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    std::string order;
    with_waiters(test, mm, word, order, [&] {
        CHECK(futex(FUTEX_REQUEUE | PRIVATE, word, 1, 9, word).value() == 5);
        CHECK(queued(word) == 4);
        CHECK(futex(FUTEX_WAKE | PRIVATE, word, 9).value() == 4);
    });
    CHECK(order == "abcde");
}

TEST_CASE("CMP_REQUEUE: unreadable words leave the waiters where they are") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr from = FutexHost::map_private(mm), to = from + 256;
    std::string order;
    with_waiters(test, mm, from, order, [&] {
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, from, 1, 9, to + 1, 0).error() == Errno::INVAL);
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, from, 1, 9, UserAddr(0x9000'0000), 0).error() == Errno::FAULT);
        REQUIRE(do_mprotect(mm, from, PAGE_SIZE, PROT_NONE).ok());
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, from, 1, 9, to, 0).error() == Errno::FAULT);
        CHECK(queued(from) == 5);
        CHECK(queued(to) == 0);
        CHECK(futex(FUTEX_WAKE | PRIVATE, from, 9).value() == 5);
    });
}
