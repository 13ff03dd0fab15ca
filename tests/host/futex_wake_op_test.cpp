// FUTEX_WAKE_OP: every operation, comparison and sign, and that it is exact under contention.
#include <catch2/catch.hpp>

#include <array>

#include "kernel/sched/sched.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

Result<u32> wake_op_on(UserAddr word, u32 encoded, UserAddr first = {}) {
    return futex(FUTEX_WAKE_OP | PRIVATE, first.value() != 0 ? first : word + 4, 1, 1, word, encoded);
}

} // namespace

TEST_CASE("WAKE_OP: arithmetic") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    struct Row {
        u32 op, argument, before, after;
    };
    constexpr u32 SHIFT = FUTEX_OP_OPARG_SHIFT;
    const std::array<Row, 13> rows = {{
        {FUTEX_OP_SET, 5, 77, 5},
        {FUTEX_OP_SET, 0xfff, 77, 0xffff'ffff}, // the argument is signed
        {FUTEX_OP_SET, 0x7ff, 77, 0x7ff},
        {FUTEX_OP_ADD, 3, 0xffff'fffe, 1},
        {FUTEX_OP_ADD, 0xffd, 10, 7}, // minus three
        {FUTEX_OP_OR, 0xf0, 0x0f, 0xff},
        {FUTEX_OP_ANDN, 0x0f, 0xff, 0xf0},
        {FUTEX_OP_ANDN, 0xfff, 0xff, 0},
        {FUTEX_OP_XOR, 0xff, 0x0f, 0xf0},
        {FUTEX_OP_SET | SHIFT, 31, 0, 0x8000'0000},
        {FUTEX_OP_ADD | SHIFT, 4, 1, 17},
        {FUTEX_OP_OR | SHIFT, 33, 0, 2}, // modulo 32, as on Linux
        {FUTEX_OP_XOR | SHIFT, 0xfff, 1, 0x8000'0001},
    }};
    test.run(mm, [&] {
        for (const Row& row : rows) {
            CAPTURE(row.op, row.argument, row.before);
            test.store(word, row.before);
            CHECK(wake_op_on(word, wake_op(row.op, row.argument, FUTEX_OP_CMP_EQ, 0)).value() == 0);
            CHECK(test.load(word) == row.after);
        }
    });
}

TEST_CASE("WAKE_OP: the second word's waiter is woken if the old value compares, signed") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    struct Row {
        u32 comparison, old_value, against;
        bool wakes;
    };
    const std::array<Row, 16> rows = {{
        {FUTEX_OP_CMP_EQ, 4, 4, true},
        {FUTEX_OP_CMP_EQ, 4, 5, false},
        {FUTEX_OP_CMP_NE, 4, 5, true},
        {FUTEX_OP_CMP_NE, 4, 4, false},
        {FUTEX_OP_CMP_LT, 3, 4, true},
        {FUTEX_OP_CMP_LT, 4, 4, false},
        {FUTEX_OP_CMP_LE, 4, 4, true},
        {FUTEX_OP_CMP_LE, 5, 4, false},
        {FUTEX_OP_CMP_GT, 5, 4, true},
        {FUTEX_OP_CMP_GT, 4, 4, false},
        {FUTEX_OP_CMP_GE, 4, 4, true},
        {FUTEX_OP_CMP_GE, 3, 4, false},
        {FUTEX_OP_CMP_LT, 0xffff'ffff, 0, true},
        {FUTEX_OP_CMP_GT, 0xffff'ffff, 0, false},
        {FUTEX_OP_CMP_EQ, 0xffff'ffff, 0xfff, true},
        {FUTEX_OP_CMP_GT, 0, 0x800, true},
    }};
    for (const Row& row : rows) {
        bool woken = false;
        test.spawn(mm, [&] {
            test.store(word, row.old_value);
            CHECK(futex(FUTEX_WAIT | PRIVATE, word, row.old_value).ok());
            woken = true;
        });
        test.spawn(mm, [&] {
            CAPTURE(row.comparison, row.old_value, row.against);
            const u32 encoded = wake_op(FUTEX_OP_ADD, 0, row.comparison, row.against);
            CHECK(wake_op_on(word, encoded).value() == (row.wakes ? 1 : 0));
            CHECK(queued(word) == (row.wakes ? 0 : 1));
            CHECK(futex(FUTEX_WAKE | PRIVATE, word, 1).value() == (row.wakes ? 0 : 1));
        });
        test.run();
        CHECK(woken);
    }
}

TEST_CASE("WAKE_OP: unknown operations change nothing, unknown comparisons come too late for that") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    test.run(mm, [&] {
        test.store(word, 1);
        for (const u32 op : {5u, 6u, 7u})
            CHECK(wake_op_on(word, wake_op(op, 1, FUTEX_OP_CMP_EQ, 0)).error() == Errno::NOSYS);
        CHECK(test.load(word) == 1);
        for (const u32 comparison : {6u, 15u})
            CHECK(wake_op_on(word, wake_op(FUTEX_OP_ADD, 1, comparison, 0)).error() == Errno::NOSYS);
        CHECK(test.load(word) == 3);
    });
}

TEST_CASE("WAKE_OP: eight threads count exactly, each turn a fault") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    for (u32 thread = 0; thread < 8; ++thread) {
        test.spawn(mm, [&] {
            for (u32 i = 0; i < 100; ++i) {
                FutexHost::age(mm);
                CHECK(wake_op_on(word, ADD_1).ok());
                schedule();
            }
        });
    }
    test.run();
    CHECK(FutexHost::word(mm, word) == 800);
    CHECK(test.faultins() == 800);
}

TEST_CASE("WAKE_OP: both words' waiters, each up to its own count") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr one = FutexHost::map_private(mm), two = one + 64;
    u32 woken = 0;
    for (u32 i = 0; i < 3; ++i) {
        for (const UserAddr word : {one, two}) {
            test.spawn(mm, [&, word] {
                CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0).ok());
                ++woken;
            });
        }
    }
    test.spawn(mm, [&] {
        const u32 add_0 = wake_op(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0);
        CHECK(futex(FUTEX_WAKE_OP | PRIVATE, one, 1, 2, two, add_0).value() == 3);
        CHECK(queued(one) == 2);
        CHECK(queued(two) == 1);
        CHECK(futex(FUTEX_WAKE | PRIVATE, one, 9).value() == 2);
        CHECK(futex(FUTEX_WAKE | PRIVATE, two, 9).value() == 1);
    });
    test.run();
    CHECK(woken == 6);
}

TEST_CASE("WAKE_OP: where the second word cannot be written nobody is woken; where it can only after a "
          "fault, once") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm), read_only = FutexHost::map_shared(mm, PROT_READ),
                   clean = FutexHost::map_shared(mm);
    u32 woken = 0;
    for (u32 i = 0; i < 3; ++i)
        test.spawn(mm, [&] {
            CHECK(futex(FUTEX_WAIT | PRIVATE, word, 0).ok());
            ++woken;
        });
    test.spawn(mm, [&] {
        CHECK(wake_op_on(read_only, ADD_1, word).error() == Errno::FAULT);
        CHECK(queued(word) == 3);
        test.load(clean);
        CHECK(wake_op_on(clean, ADD_1, word).value() == 1);
        CHECK(test.faultins() == 2);
        CHECK(test.load(clean) == 1);
        CHECK(queued(word) == 2);
        CHECK(futex(FUTEX_WAKE | PRIVATE, word, 9).value() == 2);
    });
    test.run();
    CHECK(woken == 3);
}
