// The hooks that change entries: what they keep and return, and what they leave in TLBs and counters.
#include <catch2/catch.hpp>

#include "arch/model/check.hpp"
#include "tests/host/back_end_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0060'3000;
const UserAddr PAGE{ADDRESS};

} // namespace

TEST_CASE("back end: ageing clears young once and keeps the rest") {
    TestMachine machine;
    TestSpace space;
    space.set(ADDRESS, Pte(new_frame(), USER_RW));
    TlbDebt debt(space.context);
    CHECK(ptep_test_and_clear_young(debt, PAGE, space.slot(ADDRESS)));
    CHECK(space.truth(ADDRESS).has(Pte::PRESENT | Pte::USER | Pte::WRITE | Pte::DIRTY));
    CHECK_FALSE(pte_young(space.truth(ADDRESS)));
    const std::size_t mark = machine.memory.mark();
    CHECK_FALSE(ptep_test_and_clear_young(debt, PAGE, space.slot(ADDRESS)));
    CHECK(machine.memory.mark() == mark);
}

TEST_CASE("back end: write protection keeps dirty") {
    TestMachine machine;
    TestSpace space;
    space.set(ADDRESS, Pte(new_frame(), USER_RW));
    TlbDebt debt(space.context);
    ptep_set_wrprotect(debt, PAGE, space.slot(ADDRESS));
    CHECK(pte_dirty(space.truth(ADDRESS)));
    CHECK_FALSE(pte_write(space.truth(ADDRESS)));
    CHECK(pte_dirty(ptep_get_and_clear(debt, PAGE, space.slot(ADDRESS))));
    CHECK(pte_none(space.truth(ADDRESS)));
}

TEST_CASE("back end: a debt is paid by one flush of all that is owed, when its scope ends or before") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    for (const u32 offset : {0u, PAGE_SIZE, 2 * PAGE_SIZE}) {
        space.set(ADDRESS + offset, Pte(new_frame(), USER_RW));
        REQUIRE(machine.store(ADDRESS + offset, 1, 4, Mode::User).ok());
    }
    const u32 counter = tlb_generation(space.context);
    {
        TlbDebt debt(space.context);
        CHECK_FALSE(debt.owed());
        ptep_set_wrprotect(debt, PAGE, space.slot(ADDRESS));
        CHECK(debt.owed());
        (void)ptep_get_and_clear(debt, PAGE + PAGE_SIZE, space.slot(ADDRESS + PAGE_SIZE));
        CHECK(ptep_test_and_clear_young(debt, PAGE + 2 * PAGE_SIZE, space.slot(ADDRESS + 2 * PAGE_SIZE)));
        CHECK(tlb_generation(space.context) == counter);
    }
    CHECK(tlb_generation(space.context) == counter + 1);
    CHECK(check_tlb_against_truth(space.context).empty());
    {
        TlbDebt debt(space.context);
        CHECK_FALSE(ptep_test_and_clear_young(debt, PAGE + 2 * PAGE_SIZE, space.slot(ADDRESS + 2 * PAGE_SIZE)));
        CHECK_FALSE(debt.owed());
        ptep_set_wrprotect(debt, PAGE, space.slot(ADDRESS));
        debt.pay();
        CHECK_FALSE(debt.owed());
        CHECK(tlb_generation(space.context) == counter + 2);
    }
    CHECK(tlb_generation(space.context) == counter + 2);
}

TEST_CASE("back end: access flags are only ever added") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    const Pfn frame = new_frame();
    PteSlot* slot = space.slot(ADDRESS);

    SECTION("a read fault that lost the race does not take dirty away") {
        const Pte seen(frame, USER_RW & ~(Pte::DIRTY | Pte::YOUNG)); // what the read fault saw
        space.set(ADDRESS, Pte(frame, USER_RW));                     // what a write fault made of it since
        CHECK_FALSE(ptep_set_access_flags(space.context, PAGE, slot, pte_mkyoung(seen), false));
        CHECK(space.truth(ADDRESS).has(Pte::DIRTY | Pte::YOUNG));
    }
    SECTION("a read fault adds young to an entry that became dirty") {
        const Pte seen(frame, USER_RW & ~(Pte::DIRTY | Pte::YOUNG));
        space.set(ADDRESS, Pte(frame, USER_RW & ~Pte::YOUNG));
        CHECK(ptep_set_access_flags(space.context, PAGE, slot, pte_mkyoung(seen), false));
        CHECK(space.truth(ADDRESS).has(Pte::DIRTY | Pte::YOUNG));
        CHECK(machine.store(ADDRESS, 7, 4, Mode::User).ok());
    }
    SECTION("without `dirty` neither DIRTY nor WRITE is added") {
        space.set(ADDRESS, Pte(frame, Pte::PRESENT | Pte::USER));
        CHECK(ptep_set_access_flags(space.context, PAGE, slot, Pte(frame, USER_RW), false));
        CHECK(space.truth(ADDRESS) == Pte(frame, USER_RO));
    }
    SECTION("with `dirty` only what `entry` has is added") {
        space.set(ADDRESS, Pte(frame, USER_RO));
        CHECK(ptep_set_access_flags(space.context, PAGE, slot, Pte(frame, USER_RO | Pte::DIRTY), true));
        CHECK(space.truth(ADDRESS) == Pte(frame, USER_RO | Pte::DIRTY));
        CHECK_FALSE(machine.store(ADDRESS, 7, 4, Mode::User).ok());
    }
    SECTION("every pair of entries: nothing set is lost, and this CPU may do what `entry` permits") {
        constexpr u32 CHANGING[] = {Pte::YOUNG, Pte::DIRTY, Pte::WRITE};
        for (u32 pair = 0; pair < 64; ++pair) {
            u32 before = Pte::PRESENT | Pte::USER, wanted = before;
            for (u32 i = 0; i < 3; ++i) {
                before |= (pair >> i & 1) != 0 ? CHANGING[i] : 0;
                wanted |= (pair >> (3 + i) & 1) != 0 ? CHANGING[i] : 0;
            }
            CAPTURE(before, wanted);
            space.set(ADDRESS, Pte(frame, before));
            flush_tlb_page(space.context, PAGE);
            (void)machine.load(ADDRESS, 4, Mode::User); // caches the entry if it permits the read
            const u32 counter = tlb_generation(space.context);
            const bool changed = ptep_set_access_flags(space.context, PAGE, slot, Pte(frame, wanted), true);
            CHECK(space.truth(ADDRESS) == Pte(frame, before | wanted));
            CHECK(changed == ((before | wanted) != before));
            CHECK((tlb_generation(space.context) != counter) == changed);
            CHECK(machine.load(ADDRESS, 4, Mode::User).ok() == pte_user_readable(space.truth(ADDRESS)));
            CHECK(machine.store(ADDRESS, 1, 4, Mode::User).ok() == pte_user_writable(space.truth(ADDRESS)));
        }
    }
}

TEST_CASE("back end: a context switch alone is not counted, and leaves no foreign address reachable") {
    TestMachine machine;
    TestSpace first, second;
    first.set(ADDRESS, Pte(new_frame(), USER_RW));
    switch_mm(&first.context);
    REQUIRE(machine.store(ADDRESS, 1, 4, Mode::User).ok());
    switch_mm(&second.context);
    CHECK_FALSE(machine.load(ADDRESS, 4, Mode::User).ok());
    switch_mm(nullptr);
    CHECK_FALSE(machine.load(ADDRESS, 4, Mode::User).ok());
    const u32 counter = tlb_generation(first.context);
    switch_mm(&first.context);
    CHECK(tlb_generation(first.context) == counter);
    CHECK(machine.load(ADDRESS, 4, Mode::User).value == 1);
    CHECK(machine.cpu().tlb.size() == 1);
}
