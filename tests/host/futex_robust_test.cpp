// The robust list at exit and at execve: locks that are marked, and lists that are broken in every way.
#include <catch2/catch.hpp>

#include "kernel/futex/operations.hpp"
#include "kernel/futex/syscalls.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/mprotect.hpp"
#include "mm/munmap.hpp"
#include "mm/shmem.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

constexpr u32 WAITERS = FUTEX_WAITERS, OWNER_DIED = FUTEX_OWNER_DIED;
constexpr u32 WORD = 8; // bytes from an entry to its word

void exit_task() {
    current()->exiting = true;
    futex_exit(*current());
}

// Makes a list in the running task's memory: `head`, then the entries wherever they are. entry + WORD is the lock.
void register_list(FutexHost& test, UserAddr head, std::initializer_list<UserAddr> entries, UserAddr pending = {}) {
    UserAddr link = head;
    for (const UserAddr entry : entries) {
        test.store(link, entry.value());
        link = UserAddr(entry.value() & ~1u);
    }
    test.store(link, head.value());
    test.store(head + 4, WORD);
    test.store(head + 8, pending.value());
    CHECK(sys_set_robust_list(head, 12).ok());
}

u32 tid() { return static_cast<u32>(current()->pid); }

} // namespace

TEST_CASE("robust list: sizes, and asking for one's own and another's") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr page = FutexHost::map_private(mm);
    test.run(mm, [&] {
        CHECK(sys_set_robust_list(page, 11).error() == Errno::INVAL);
        CHECK(sys_set_robust_list(page, 24).error() == Errno::INVAL);
        CHECK(sys_set_robust_list(page + 64, 12).ok());
        CHECK(sys_get_robust_list(0, page, page + 4).ok());
        CHECK(test.load(page) == (page + 64).value());
        CHECK(test.load(page + 4) == 12);
        CHECK(sys_get_robust_list(current()->pid, page, page + 4).ok());
        CHECK(sys_get_robust_list(999, page, page + 4).error() == Errno::SRCH);
        CHECK(sys_get_robust_list(0, UserAddr(8), page + 4).error() == Errno::FAULT);
    });
}

TEST_CASE("robust list: owned locks are marked and a waiter of each woken, others' are left alone") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr page = FutexHost::map_private(mm);
    const UserAddr one = page + 64, two = page + 128, three = page + 192;
    test.spawn(mm, [&] {
        test.store(one + WORD, tid());
        test.store(two + WORD, tid() | WAITERS);
        test.store(three + WORD, 99 | WAITERS);
        register_list(test, page, {one, two, three});
        schedule();
        exit_task();
        CHECK(test.load(one + WORD) == OWNER_DIED);
        CHECK(test.load(two + WORD) == (OWNER_DIED | WAITERS));
        CHECK(test.load(three + WORD) == (99 | WAITERS));
        CHECK(current()->robust_list == UserAddr{});
        CHECK(current()->futex_state == FutexState::Dead);
        CHECK(test.faultins() == 0);
    });
    test.spawn(mm, [&] { CHECK(futex(FUTEX_WAIT, two + WORD, 1 | WAITERS).value() == 0); });
    test.run();
}

TEST_CASE("robust list: execve does the same, and the task goes on") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr page = FutexHost::map_private(mm);
    test.run(mm, [&] {
        test.store(page + 64 + WORD, tid());
        register_list(test, page, {page + 64});
        futex_exit(*current());
        CHECK(test.load(page + 64 + WORD) == OWNER_DIED);
        CHECK(current()->futex_state == FutexState::Ok);
    });
}

TEST_CASE("robust list: the pending operation, on the list or not, done or not") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr page = FutexHost::map_private(mm);
    const UserAddr entry = page + 64, pending = page + 128;
    SECTION("taken, and not yet on the list") {
        test.run(mm, [&] {
            test.store(entry + WORD, tid());
            test.store(pending + WORD, tid());
            register_list(test, page, {entry}, pending);
            exit_task();
            CHECK(test.load(entry + WORD) == OWNER_DIED);
            CHECK(test.load(pending + WORD) == OWNER_DIED);
        });
    }
    SECTION("on the list already: marked once") {
        test.run(mm, [&] {
            test.store(entry + WORD, tid());
            register_list(test, page, {entry}, entry);
            exit_task();
            CHECK(test.load(entry + WORD) == OWNER_DIED);
        });
    }
    SECTION("released, but dead before the wake-up: the kernel wakes a waiter") {
        test.spawn(mm, [&] { CHECK(futex(FUTEX_WAIT, pending + WORD, 0).value() == 0); });
        test.spawn(mm, [&] {
            register_list(test, page, {}, pending);
            exit_task();
            CHECK(test.load(pending + WORD) == 0);
        });
        test.run();
    }
    SECTION("nothing pending") {
        test.run(mm, [&] {
            register_list(test, page, {});
            exit_task();
        });
    }
}

TEST_CASE("robust list: bit 0 says that a lock is a PI one: it is marked, and no waiter is woken here") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr page = FutexHost::map_private(mm), entry = page + 64;
    test.spawn(mm, [&] {
        test.store(entry + WORD, tid());
        register_list(test, page, {entry + 1});
        schedule();
        CHECK(test.load(entry + WORD) == (1 | WAITERS));
        exit_task();
        CHECK(test.load(entry + WORD) == (OWNER_DIED | WAITERS));
    });
    test.spawn(mm, [&] {
        CHECK(futex(FUTEX_LOCK_PI | PRIVATE, entry + WORD).value() == 0); // its heir
        CHECK(test.load(entry + WORD) == (2 | WAITERS | OWNER_DIED));
    });
    test.run();
}

TEST_CASE("robust list: lists that go nowhere end the walk, what came before is marked") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr page = FutexHost::map_private(mm);
    const UserAddr one = page + 64, two = page + 128;
    const auto walk = [&](UserAddr second_link) {
        test.run(mm, [&] {
            test.store(one + WORD, tid());
            test.store(two + WORD, tid());
            register_list(test, page, {one, two});
            test.store(one, second_link.value());
            exit_task();
            CHECK(test.load(one + WORD) == OWNER_DIED);
        });
    };
    SECTION("unmapped") { walk(UserAddr(0x1000)); }
    SECTION("the kernel's") { walk(UserAddr(0x8000'0000)); }
    SECTION("null") { walk(UserAddr(0)); }
    SECTION("PROT_NONE") { walk(FutexHost::map(mm, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS)); }
    SECTION("an unaligned word, though it holds the task's id") {
        const UserAddr unaligned = page + 258;
        test.run(mm, [&] { test.store(unaligned + WORD, 2); }); // the id of the task that walks
        walk(unaligned);
        CHECK(FutexHost::word(mm, page + 264) == 2u << 16);
    }
    SECTION("a circle") { walk(one); }
    SECTION("no head at all") {
        test.run(mm, [&] {
            CHECK(sys_set_robust_list(UserAddr(0x10), 12).ok());
            exit_task();
            CHECK(sys_set_robust_list(UserAddr(0xffff'fff0), 12).ok());
            futex_exit(*current());
        });
    }
    CHECK(test.faultins() == 0);
}

TEST_CASE("robust list: a circle ends after 2048 entries, and the pending operation is still seen to") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr page = FutexHost::map_private(mm), one = page + 64, pending = page + 128;
    test.run(mm, [&] {
        test.store(pending + WORD, tid());
        register_list(test, page, {one}, pending);
        test.store(one, one.value());
        exit_task();
        CHECK(test.load(pending + WORD) == OWNER_DIED);
    });
}

TEST_CASE("robust list: the word's page, each in the state a program can bring it to") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr list = FutexHost::map_private(mm);
    const auto exit_holding = [&](UserAddr word) { // the entry is elsewhere, the offset far
        test.store(list, (list + 64).value());
        test.store(list + 64, list.value());
        test.store(list + 4, word - (list + 64));
        test.store(list + 8, 0);
        CHECK(sys_set_robust_list(list, 12).ok());
        exit_task();
    };
    SECTION("clean: one repair") {
        const UserAddr word = FutexHost::map_shared(mm);
        test.run(mm, [&] {
            test.load(word);
            FutexHost::word(mm, word) = tid();
            exit_holding(word);
            CHECK(FutexHost::word(mm, word) == OWNER_DIED);
            CHECK(test.faultins() == 1);
        });
    }
    SECTION("untouched: the plain read makes it clean first") {
        AddressSpace* file = shmem_new(PAGE_SIZE, "file").value().release();
        const UserAddr alias = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file);
        const UserAddr word = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file);
        put_mapping(*file);
        test.run(mm, [&] {
            test.store(alias, tid());
            exit_holding(word);
            CHECK(FutexHost::word(mm, alias) == OWNER_DIED);
            CHECK(test.faultins() == 1);
        });
    }
    SECTION("dirty and aged: the plain read makes it young") {
        const UserAddr word = FutexHost::map_shared(mm);
        test.run(mm, [&] {
            test.store(word, tid());
            FutexHost::age(mm);
            exit_holding(word);
            CHECK(FutexHost::word(mm, word) == OWNER_DIED);
            CHECK(test.faultins() == 0);
        });
    }
    SECTION("copy on write: the parent's word stays") {
        const UserAddr word = FutexHost::map_private(mm);
        test.run(mm, [&] { test.store(word, 2); });
        MmStruct& child = test.fork(mm);
        test.run(child, [&] {
            exit_holding(word);
            CHECK(FutexHost::word(child, word) == OWNER_DIED);
            CHECK(FutexHost::word(mm, word) == 2);
        });
    }
    SECTION("read-only: the word is kept, in bounded time") {
        const UserAddr word = FutexHost::map_shared(mm);
        test.run(mm, [&] {
            test.store(word, tid());
            REQUIRE(do_mprotect(mm, word, PAGE_SIZE, PROT_READ).ok());
            exit_holding(word);
            CHECK(FutexHost::word(mm, word) == tid());
        });
    }
    SECTION("PROT_NONE: likewise") {
        const UserAddr word = FutexHost::map_shared(mm);
        test.run(mm, [&] {
            test.store(word, tid());
            REQUIRE(do_mprotect(mm, word, PAGE_SIZE, PROT_NONE).ok());
            exit_holding(word);
            CHECK(FutexHost::word(mm, word) == tid());
        });
    }
    SECTION("unmapped") {
        const UserAddr word = FutexHost::map_shared(mm);
        test.run(mm, [&] {
            REQUIRE(do_munmap(mm, word, PAGE_SIZE).ok());
            exit_holding(word);
            CHECK(test.faultins() == 0);
        });
    }
}
