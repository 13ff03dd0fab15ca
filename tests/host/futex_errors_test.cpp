// What futex(2) returns for addresses that hold no word, operation by operation; it is the same for every repair.
#include <catch2/catch.hpp>

#include "kernel/sched/sched.hpp"
#include "mm/shmem.hpp"
#include "mm/stack.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

constexpr Errno OK{};

Errno wait(UserAddr at, u32 flags) { return futex(FUTEX_WAIT | flags, at, 12345).error(); } // AGAIN: it was readable
Errno wake(UserAddr at, u32 flags) { return futex(FUTEX_WAKE | flags, at, 1).error(); }
Errno wake_op_at(UserAddr at, u32 flags) { return futex(FUTEX_WAKE_OP | flags, at, 1, 1, at, ADD_1).error(); }
Errno lock(UserAddr at, u32 flags) { return futex(FUTEX_LOCK_PI | flags, at).error(); }
Errno trylock(UserAddr at, u32 flags) { return futex(FUTEX_TRYLOCK_PI | flags, at).error(); }
Errno unlock(UserAddr at, u32 flags) { return futex(FUTEX_UNLOCK_PI | flags, at).error(); }

void check_all_fault(UserAddr at, u32 flags) {
    CAPTURE(at.value(), flags);
    CHECK(wait(at, flags) == Errno::FAULT);
    CHECK(wake_op_at(at, flags) == Errno::FAULT);
    CHECK(lock(at, flags) == Errno::FAULT);
    CHECK(trylock(at, flags) == Errno::FAULT);
    CHECK(unlock(at, flags) == Errno::FAULT);
}

} // namespace

TEST_CASE("futex errors, with Linux's repair and with the one before it") {
    const auto repair = GENERATE(FaultIn::Fixup, FaultIn::Gup);
    FutexHost test;
    set_fault_in_policy(repair);
    MmStruct& mm = test.new_mm();
    AddressSpace* file = shmem_new(PAGE_SIZE, "file").value().release();

    SECTION("nothing there: private WAKE does not look") {
        const UserAddr none = FutexHost::map(mm, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
        const UserAddr past_end = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file, 2) + PAGE_SIZE;
        test.run(mm, [&] {
            for (const UserAddr at : {UserAddr(0), UserAddr(0x1000), none, past_end}) {
                for (const u32 flags : {0u, PRIVATE})
                    check_all_fault(at, flags);
                CHECK(wake(at, PRIVATE) == OK);
                CHECK(wake(at, 0) == Errno::FAULT);
                CHECK(queued(at) == 0);
            }
        });
    }
    SECTION("the kernel's: not even WAKE") {
        test.run(mm, [&] {
            for (const UserAddr at : {UserAddr(0x8000'0000), UserAddr(0xffff'0ffc), UserAddr(TASK_SIZE)})
                for (const u32 flags : {0u, PRIVATE}) {
                    check_all_fault(at, flags);
                    CHECK(wake(at, flags) == Errno::FAULT);
                }
        });
    }
    SECTION("read-only, shared") {
        const UserAddr at = FutexHost::map(mm, PROT_READ, MAP_SHARED, file);
        test.run(mm, [&] {
            for (const u32 flags : {0u, PRIVATE}) {
                CHECK(wait(at, flags) == Errno::AGAIN);
                CHECK(wake(at, flags) == OK);
                CHECK(wake_op_at(at, flags) == Errno::FAULT);
                CHECK(lock(at, flags) == Errno::FAULT);
                CHECK(trylock(at, flags) == Errno::FAULT);
                CHECK(unlock(at, flags) == Errno::PERM);
            }
        });
    }
    SECTION("read-only, private anonymous") {
        const UserAddr at = FutexHost::map(mm, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
        test.run(mm, [&] {
            CHECK(wait(at, PRIVATE) == Errno::AGAIN);
            CHECK(wait(at, 0) == Errno::FAULT);
            CHECK(wake(at, 0) == Errno::FAULT);
            CHECK(wake_op_at(at, PRIVATE) == Errno::FAULT);
            CHECK(lock(at, PRIVATE) == Errno::FAULT);
            CHECK(unlock(at, PRIVATE) == Errno::PERM);
        });
    }
    SECTION("misaligned") {
        const UserAddr page = FutexHost::map_private(mm);
        test.run(mm, [&] {
            for (const u32 off : {1u, 2u, 3u})
                for (const u32 flags : {0u, PRIVATE}) {
                    const UserAddr at = page + off;
                    CHECK(wait(at, flags) == Errno::INVAL);
                    CHECK(wake(at, flags) == Errno::INVAL);
                    CHECK(wake_op_at(at, flags) == Errno::INVAL);
                    CHECK(lock(at, flags) == Errno::INVAL);
                    CHECK(trylock(at, flags) == Errno::INVAL);
                    CHECK(unlock(at, flags) == Errno::PERM); // UNLOCK_PI reads the word first
                }
            // If the misaligned word holds the caller's id, the address is checked after all.
            test.store(page + 4, static_cast<u32>(current()->pid) << 8);
            CHECK(unlock(page + 5, PRIVATE) == Errno::INVAL);
        });
    }
    SECTION("below the stack: what reads may grow it, what writes under the lock may not") {
        constexpr u32 TOP = 0x7e00'0000;
        REQUIRE(setup_stack_vma(mm, UserAddr(TOP), 4 * PAGE_SIZE).ok());
        const UserAddr below(TOP - 5 * PAGE_SIZE);
        test.run(mm, [&] {
            CHECK(lock(below, PRIVATE) == Errno::FAULT);
            CHECK(wake_op_at(below, PRIVATE) == Errno::FAULT);
            CHECK(wait(below, PRIVATE) == Errno::AGAIN);
            CHECK(lock(below, PRIVATE) == OK);
        });
    }
    put_mapping(*file);
}
