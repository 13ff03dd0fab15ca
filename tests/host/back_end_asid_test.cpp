// Address space identifiers and their roll-over.
#include <catch2/catch.hpp>

#include <set>
#include <vector>

#include "arch/model/check.hpp"
#include "tests/host/back_end_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0040'0000;
const UserAddr PAGE{ADDRESS};
constexpr u32 ASIDS = 255; // no address space gets ASID 0

using Spaces = std::vector<std::unique_ptr<TestSpace>>;

Spaces make_spaces(u32 count) {
    Spaces spaces;
    for (u32 i = 0; i < count; ++i) {
        spaces.push_back(std::make_unique<TestSpace>());
        spaces.back()->set(ADDRESS, Pte(new_frame(), USER_RW));
    }
    return spaces;
}

// Runs new address spaces on this CPU until a generation has given its last ASID, so that the next address space begins
// another generation. `elsewhere`: how many address spaces run on other CPUs.
Spaces exhaust(u32 elsewhere) {
    Spaces spaces;
    const auto run_another = [&] {
        spaces.push_back(std::make_unique<TestSpace>());
        switch_mm(&spaces.back()->context);
        return spaces.back()->context.asid_generation;
    };
    const u64 old = run_another();
    while (run_another() == old) { // until a generation begins
    }
    // Given so far: one ASID to each address space that ran at the roll-over, here and elsewhere, and one to the last
    // one run.
    for (u32 given = 2 + elsewhere; given < ASIDS; ++given)
        if (run_another() != old + 1)
            panic("a roll-over before the ASIDs were used up");
    return spaces;
}

} // namespace

TEST_CASE("back end: more address spaces than ASIDs keep apart") {
    TestMachine machine({.ram_bytes = 64u << 20});
    Spaces spaces = make_spaces(600);
    for (u32 round = 0; round < 2; ++round) {
        for (u32 i = 0; i < spaces.size(); ++i) {
            switch_mm(&spaces[i]->context);
            REQUIRE(spaces[i]->context.asid != Asid(0));
            REQUIRE(machine.load(ADDRESS, 4, Mode::User).value == (round == 0 ? 0 : i));
            REQUIRE(machine.store(ADDRESS, i, 4, Mode::User).ok());
        }
    }
    CHECK(check_tlb_against_truth(spaces.back()->context).empty());
}

TEST_CASE("back end: address spaces of one generation have different ASIDs") {
    TestMachine machine;
    Spaces spaces = make_spaces(300);
    std::set<std::pair<u64, u8>> seen;
    for (const auto& space : spaces) {
        switch_mm(&space->context);
        seen.emplace(space->context.asid_generation, space->context.asid.value());
    }
    CHECK(seen.size() == spaces.size());
}

TEST_CASE("back end: a roll-over makes every TLB let go, counts, and lets running address spaces keep their ASID") {
    TestMachine machine({.cpus = 2, .ram_bytes = 32u << 20});
    TestSpace running;
    running.set(ADDRESS, Pte(new_frame(), USER_RW));
    machine.select_cpu(1);
    switch_mm(&running.context);
    machine.select_cpu(0);
    const Spaces others = exhaust(1);
    machine.select_cpu(1);
    REQUIRE(machine.store(ADDRESS, 5, 4, Mode::User).ok());
    REQUIRE(machine.cpu(1).tlb.size() == 1);
    const u32 counter = tlb_generation(running.context);
    const Asid kept = running.context.asid;
    const u64 generation = running.context.asid_generation;

    machine.select_cpu(0);
    // all ASIDs of the new generation but those of the two running address spaces
    Spaces fresh = make_spaces(ASIDS - 2);
    std::set<u8> given;
    for (const auto& space : fresh) {
        switch_mm(&space->context);
        REQUIRE(space->context.asid_generation == generation + 1);
        REQUIRE(space->context.asid != kept);
        given.insert(space->context.asid.value());
        REQUIRE(machine.load(ADDRESS, 4, Mode::User).value == 0);
    }
    CHECK(given.size() == fresh.size());

    machine.select_cpu(1);
    if (tlb_config.entries == 0) // otherwise an entry under its own ASID is as good as before
        CHECK(machine.cpu(1).tlb.size() == 0);
    CHECK(tlb_generation(running.context) == counter + 1);
    CHECK(running.context.asid == kept);
    CHECK(machine.load(ADDRESS, 4, Mode::User).value == 5);
    CHECK(running.context.asid_generation == generation + 1);
    switch_mm(&running.context); // still the same after a switch
    CHECK(running.context.asid == kept);
}

TEST_CASE("back end: a flush finds an address space under the ASID it has now") {
    TestMachine machine({.cpus = 2, .ram_bytes = 32u << 20});
    TestSpace space;
    space.set(ADDRESS, Pte(new_frame(), USER_RW));
    switch_mm(&space.context);
    const Asid before = space.context.asid;
    const Spaces others = exhaust(0);
    TestSpace next; // takes the first ASID of a new generation
    switch_mm(&next.context);
    machine.select_cpu(1);
    TestSpace another;
    switch_mm(&another.context);
    switch_mm(&space.context);
    REQUIRE(machine.store(ADDRESS, 1, 4, Mode::User).ok());
    INFO("ASID " << u32{before.value()} << " became " << u32{space.context.asid.value()});
    CHECK(space.context.cpu_mask == CpuMask::of(1));

    machine.select_cpu(0);
    ptep_clear_flush(space.context, PAGE, space.slot(ADDRESS));
    CHECK(machine.cpu(1).tlb.size() == 0);
    CHECK(check_tlb_against_truth(space.context).empty());
}
