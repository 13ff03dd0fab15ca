// TLB entries that are older than the entries they were made from, on a machine whose TLBs keep everything. The tests
// show that such stale entries exist, what cures them, and that the oracle sees them.
#include <catch2/catch.hpp>

#include "arch/backend/flush_check.hpp"
#include "arch/model/check.hpp"
#include "kernel/debug/tlb_check.hpp"
#include "tests/host/back_end_fixture.hpp"
#include "tests/host/panic.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0060'3000;
const UserAddr PAGE{ADDRESS};

// CPU 1 has written to a page, so its TLB holds that page. CPU 0 acts.
struct HeldElsewhere {
    TestMachine machine{{.cpus = 2}};
    TestSpace space;
    Pfn frame = new_frame();

    HeldElsewhere() {
        space.set(ADDRESS, Pte(frame, USER_RW));
        for (const u32 cpu : {0u, 1u}) {
            machine.select_cpu(cpu);
            switch_mm(&space.context);
        }
        REQUIRE(write_on_cpu_1(1));
    }
    bool write_on_cpu_1(u32 value) {
        machine.select_cpu(1);
        const bool done = machine.store(ADDRESS, value, 4, Mode::User).ok();
        machine.select_cpu(0);
        return done;
    }
    u32 in_memory() { return machine.memory.read_word(frame.address().value()).value; }

    enum class Take { WriteProtect, Unmap, Move };
    void take_away(Take how) {
        TlbDebt debt(space.context);
        if (how == Take::WriteProtect) {
            ptep_set_wrprotect(debt, PAGE, space.slot(ADDRESS));
        } else {
            const Pte entry = ptep_get_and_clear(debt, PAGE, space.slot(ADDRESS));
            if (how == Take::Move)
                space.set(ADDRESS + PAGE_SIZE, entry);
        }
    }
};
using Take = HeldElsewhere::Take;

} // namespace

TEST_CASE("stale: another CPU keeps read-only what this one made writable") {
    const WithTlbRelax lazy(TlbRelax::Lazy);
    TestMachine machine({.cpus = 2});
    TestSpace space;
    const Pfn frame = new_frame();
    space.set(ADDRESS, Pte(frame, USER_RW & ~Pte::DIRTY)); // present, young, writable, clean
    for (const u32 cpu : {1u, 0u}) {
        machine.select_cpu(cpu);
        switch_mm(&space.context);
        REQUIRE(machine.load(ADDRESS, 4, Mode::User).ok()); // cached read-only
    }

    // CPU 0 faults, makes the entry dirty, and flushes only itself.
    REQUIRE_FALSE(machine.store(ADDRESS, 1, 4, Mode::User).ok());
    REQUIRE(ptep_set_access_flags(space.context, PAGE, space.slot(ADDRESS), Pte(frame, USER_RW), true));
    CHECK(machine.store(ADDRESS, 1, 4, Mode::User).ok());

    // Truth permits the write, CPU 1's TLB does not.
    machine.select_cpu(1);
    REQUIRE(pte_user_writable(space.truth(ADDRESS)));
    for (int attempt = 0; attempt < 3; ++attempt)
        CHECK(machine.store(ADDRESS, 2, 4, Mode::User).fault.value().kind() == FaultKind::Permission);
    CHECK(check_tlb_against_truth(space.context).empty()); // permitting less is legal

    // Setting the flags again changes nothing; only the flush does.
    CHECK_FALSE(ptep_set_access_flags(space.context, PAGE, space.slot(ADDRESS), Pte(frame, USER_RW), true));
    CHECK_FALSE(machine.store(ADDRESS, 2, 4, Mode::User).ok());
    const u32 counter = tlb_generation(space.context);
    flush_tlb_fix_spurious_fault(space.context, PAGE);
    CHECK(tlb_generation(space.context) == counter + 1);
    CHECK(machine.store(ADDRESS, 2, 4, Mode::User).ok());
}

TEST_CASE("stale: with tlb=eager no CPU keeps less than truth permits") {
    const WithTlbRelax eager(TlbRelax::Eager);
    TestMachine machine({.cpus = 2});
    TestSpace space;
    const Pfn frame = new_frame();
    space.set(ADDRESS, Pte(frame, USER_RW & ~Pte::DIRTY));
    for (const u32 cpu : {1u, 0u}) {
        machine.select_cpu(cpu);
        switch_mm(&space.context);
        REQUIRE(machine.load(ADDRESS, 4, Mode::User).ok()); // cached read-only
    }
    REQUIRE(ptep_set_access_flags(space.context, PAGE, space.slot(ADDRESS), Pte(frame, USER_RW), true));
    for (const u32 cpu : {0u, 1u}) {
        machine.select_cpu(cpu);
        CHECK(machine.store(ADDRESS, cpu, 4, Mode::User).ok());
    }
}

TEST_CASE("stale: without a flush a page can be written after truth forbids it, and the oracle says so") {
    TestMachine machine({.cpus = 2});
    TestSpace space;
    const Pfn frame = new_frame();
    space.set(ADDRESS, Pte(frame, USER_RW));
    machine.select_cpu(1);
    switch_mm(&space.context);
    REQUIRE(machine.store(ADDRESS, 1, 4, Mode::User).ok());
    machine.select_cpu(0);
    CHECK(tlb_can_reach(frame));
    TlbDebt owed(space.context);

    SECTION("write-protected") {
        ptep_set_wrprotect(owed, PAGE, space.slot(ADDRESS));
        CHECK_FALSE(check_tlb_against_truth(space.context).empty());
    }
    SECTION("aged") {
        REQUIRE(ptep_test_and_clear_young(owed, PAGE, space.slot(ADDRESS)));
        CHECK_FALSE(check_tlb_against_truth(space.context).empty());
    }
    SECTION("unmapped") {
        (void)ptep_get_and_clear(owed, PAGE, space.slot(ADDRESS));
        CHECK_FALSE(check_tlb_against_truth(space.context).empty());
    }
    SECTION("made non-executable") {
        space.set(ADDRESS, Pte(frame, USER_RW | Pte::NOEXEC));
        CHECK_FALSE(check_tlb_against_truth(space.context).empty());
    }
    SECTION("moved to another frame") {
        space.set(ADDRESS, Pte(new_frame(), USER_RW));
        CHECK_FALSE(check_tlb_against_truth(space.context).empty());
    }
    machine.select_cpu(1);
    CHECK(machine.store(ADDRESS, 2, 4, Mode::User).ok());
    CHECK(machine.memory.read_word(frame.address().value()).value == 2);

    machine.select_cpu(0);
    flush_tlb_page(space.context, PAGE);
    CHECK(check_tlb_against_truth(space.context).empty());
    CHECK_FALSE(tlb_can_reach(frame));
}

TEST_CASE("stale: tlb=broken lets another CPU write to what it no longer owns, and the checker of flushes "
          "sees it") {
    const WithCheckedFlushes broken(true);
    HeldElsewhere test;
    const u32 before = tlb_violations();
    const Take how = GENERATE(Take::WriteProtect, Take::Unmap, Take::Move);
    test.take_away(how);
    CHECK(tlb_violations() == before + 1);
    CHECK(test.in_memory() == 1); // the checker's own attempt has changed nothing
    CHECK_FALSE(check_tlb_against_truth(test.space.context).empty());
    CHECK(test.write_on_cpu_1(2));
    CHECK(test.in_memory() == 2);
    test.machine.select_cpu(1);
    local_flush_tlb_mm(test.space.context); // otherwise frames would be freed that a TLB can reach
}

TEST_CASE("stale: the checker of flushes is content with flushes that reach every CPU") {
    const WithCheckedFlushes checked(false);
    HeldElsewhere test;
    const u32 before = tlb_violations();
    test.take_away(GENERATE(Take::WriteProtect, Take::Unmap, Take::Move));
    flush_tlb_page(test.space.context, PAGE);
    flush_tlb_mm(test.space.context);
    CHECK(tlb_violations() == before);
    CHECK_FALSE(test.write_on_cpu_1(2));
}

TEST_CASE("stale: without sabotage what the checker of flushes finds is a panic") {
    HeldElsewhere test;
    TlbDebt owed(test.space.context);
    (void)ptep_get_and_clear(owed, PAGE, test.space.slot(ADDRESS));
    CHECK_THROWS_WITH(backend::check_flush(test.space.context, PAGE, PAGE + PAGE_SIZE),
                      "TLB of CPU 1: after a flush a program may still write 0x00603000, whose entry is: none");
    test.machine.select_cpu(0);
    owed.pay();
}

// Several CPUs do random work under every TLB policy. After each step that makes its flush, no TLB permits more than
// truth; and each access succeeds or faults within what truth allows.
TEST_CASE("stale: whatever TLBs do, hooks with their flushes keep them within truth") {
    const TlbPolicy policy = GENERATE(
        TlbPolicy{.evict = false, .prefetch = false, .seed = 1}, TlbPolicy{.evict = true, .prefetch = false, .seed = 2},
        TlbPolicy{.evict = false, .prefetch = true, .seed = 3}, TlbPolicy{.evict = true, .prefetch = true, .seed = 4});
    const WithTlbRelax relax(GENERATE(TlbRelax::Lazy, TlbRelax::Eager));
    TestMachine machine({.cpus = 4, .tlb = policy});
    TestSpace spaces[2];
    std::mt19937 random(policy.seed);
    const auto pick = [&](u32 n) { return static_cast<u32>(random() % n); };
    TestSpace* on_cpu[4] = {};

    for (int step = 0; step < 4000; ++step) {
        const u32 cpu = pick(4);
        machine.select_cpu(cpu);
        if (on_cpu[cpu] == nullptr || pick(16) == 0) {
            on_cpu[cpu] = &spaces[pick(2)];
            switch_mm(&on_cpu[cpu]->context);
        }
        TestSpace& space = *on_cpu[cpu];
        const u32 address = ADDRESS + pick(8) * PAGE_SIZE;
        const UserAddr page(address);
        PteSlot* slot = space.slot(address);
        const Pte truth = ptep_get(slot);
        switch (pick(6)) {
        case 0: { // a read: allowed by truth, or faults
            const bool read = machine.load(address, 4, Mode::User).ok();
            if (read)
                REQUIRE(pte_user_readable(truth));
            break;
        }
        case 1: {
            const bool written = machine.store(address, 1, 4, Mode::User).ok();
            if (written)
                REQUIRE(pte_user_writable(truth));
            break;
        }
        case 2: // a fault: relax, flushing this CPU only
            if (pte_present(truth)) {
                if (!ptep_set_access_flags(space.context, page, slot, truth.with(USER_RW), true))
                    flush_tlb_fix_spurious_fault(space.context, page);
                REQUIRE(machine.store(address, 1, 4, Mode::User).ok());
            } else {
                set_pte_at(space.context, page, slot, Pte(new_frame(), USER_RO));
            }
            break;
        case 3:
            space.age(page);
            break;
        case 4:
            space.write_protect(page);
            break;
        default:
            if (pick(2) == 0)
                space.unmap(page);
            else
                space.break_sharing(page);
            break;
        }
        for (const TestSpace& each : spaces)
            REQUIRE(check_tlb_against_truth(each.context) == std::vector<std::string>{});
    }
}
