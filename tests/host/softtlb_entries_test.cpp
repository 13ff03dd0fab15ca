// The TLB that software fills: when entries are loaded, which make room, which survive, and what is counted.
#include <catch2/catch.hpp>

#include "arch/model/check.hpp"
#include "tests/host/back_end_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0060'3000;
const UserAddr PAGE{ADDRESS};

constexpr u32 page(u32 number) { return ADDRESS + number * PAGE_SIZE; }

TlbStatistics statistics(u8 cpu = 0) {
    TlbStatistics result;
    REQUIRE(tlb_statistics(CpuId(cpu), result));
    return result;
}

u32 entries_in_use(u8 cpu = 0) {
    u32 count = 0;
    for (u32 index = 0; index < tlb_config.entries; ++index)
        count += tlb_slot(CpuId(cpu), index).descriptor != 0 ? 1 : 0;
    return count;
}

bool reads(Machine& machine, u32 address) { return machine.load(address, 4, Mode::User).ok(); }
bool writes(Machine& machine, u32 address) { return machine.store(address, 1, 4, Mode::User).ok(); }

void map_pages(TestSpace& space, u32 count, u32 stride = PAGE_SIZE) {
    for (u32 i = 0; i < count; ++i)
        space.set(ADDRESS + i * stride, Pte(new_frame(), USER_RW));
}

} // namespace

TEST_CASE("softtlb: a hook changes truth only, and a miss loads it") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    PteSlot* slot = space.slot(ADDRESS);
    const std::size_t stores = machine.memory.mark();
    set_pte_at(space.context, PAGE, slot, Pte(new_frame(), USER_RW));
    CHECK(machine.memory.mark() == stores);
    CHECK(hardware_descriptor(space.context, PAGE).second_level == 0);
    CHECK(writes(machine, ADDRESS));
    CHECK(statistics().fills == 1);
    CHECK(hardware_descriptor(space.context, PAGE).second_level != 0);
    CHECK(writes(machine, ADDRESS + 100));
    CHECK(statistics().fills == 1);
}

TEST_CASE("softtlb: a miss on an entry that does not permit the access is a fault, and loads nothing") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    const auto kind_of_write = [&](u32 flags) {
        space.set(ADDRESS, Pte(new_frame(), flags));
        flush_tlb_page(space.context, PAGE);
        return machine.store(ADDRESS, 1, 4, Mode::User).fault.value().kind();
    };
    CHECK(kind_of_write(0) == FaultKind::Translation);
    CHECK(kind_of_write(USER_RW & ~Pte::YOUNG) == FaultKind::Translation);
    CHECK(machine.load(ADDRESS, 4, Mode::User).fault.value().kind() == FaultKind::Translation);
    CHECK(kind_of_write(USER_RW & ~Pte::DIRTY) == FaultKind::Translation);
    CHECK(statistics().fills == 0);
    REQUIRE(reads(machine, ADDRESS)); // the clean one, loaded read-only
    CHECK(machine.store(ADDRESS, 1, 4, Mode::User).fault.value().kind() == FaultKind::Permission);
    switch_mm(nullptr);
    CHECK_FALSE(reads(machine, ADDRESS));
}

TEST_CASE("softtlb: an entry is as it was loaded, whatever becomes of truth, until it is dropped") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    const Pfn frame = new_frame();
    space.set(ADDRESS, Pte(frame, USER_RW & ~Pte::DIRTY));
    REQUIRE(reads(machine, ADDRESS));
    space.set(ADDRESS, Pte(frame, USER_RW));
    CHECK_FALSE(writes(machine, ADDRESS));
    CHECK_FALSE(writes(machine, ADDRESS));
    flush_tlb_fix_spurious_fault(space.context, PAGE);
    CHECK(writes(machine, ADDRESS));
    CHECK(statistics().spurious == 1);
    space.set(ADDRESS, Pte());
    CHECK(writes(machine, ADDRESS)); // not flushed yet
    flush_tlb_page(space.context, PAGE);
    CHECK_FALSE(reads(machine, ADDRESS));
}

TEST_CASE("softtlb: first in, first out") {
    const u32 entries = GENERATE(8u, 64u, 512u);
    const u32 stride = GENERATE(0x1000u, 0x10'0000u); // neighbours, or each with a second-level table of its own
    const WithTlbEntries room(entries);
    TestMachine machine({.ram_bytes = 64u << 20});
    TestSpace space;
    switch_mm(&space.context);
    map_pages(space, entries + 1, stride);
    for (u32 round = 0; round < 3; ++round)
        for (u32 i = 0; i < entries; ++i)
            REQUIRE(writes(machine, ADDRESS + i * stride));
    CHECK(statistics().fills == entries);
    CHECK(statistics().evictions == 0);
    CHECK(entries_in_use() == entries);

    REQUIRE(writes(machine, ADDRESS + entries * stride)); // in place of the first
    CHECK(statistics().evictions == 1);
    CHECK(hardware_descriptor(space.context, PAGE).second_level == 0);
    CHECK(machine.cpu().tlb.size() == entries);
    CHECK(writes(machine, ADDRESS + 2 * stride));
    CHECK(statistics().fills == entries + 1);

    // One page more than there is room for, in turn: every access misses.
    const u32 before = statistics().fills;
    for (u32 i = 0; i < 3 * (entries + 1); ++i)
        REQUIRE(writes(machine, ADDRESS + i % (entries + 1) * stride));
    CHECK(statistics().fills - before == 3 * (entries + 1));
    CHECK(check_tlb_against_truth(space.context).empty());
}

TEST_CASE("softtlb: entries survive a switch, also stale ones, but only for their own address space") {
    TestMachine machine({.cpus = 2});
    TestSpace first, second;
    const Pfn frame = new_frame();
    first.set(ADDRESS, Pte(frame, USER_RW & ~Pte::DIRTY));
    second.set(ADDRESS, Pte(new_frame(), USER_RW));
    switch_mm(&first.context);
    REQUIRE(reads(machine, ADDRESS));
    switch_mm(&second.context);
    CHECK(writes(machine, ADDRESS));
    CHECK(machine.memory.read_word(frame.address().value()).value == 0);
    CHECK(entries_in_use() == 2);

    // Meanwhile another CPU makes the entry dirty, and flushes only its own TLB.
    machine.select_cpu(1);
    switch_mm(&first.context);
    REQUIRE(ptep_set_access_flags(first.context, PAGE, first.slot(ADDRESS), Pte(frame, USER_RW), true));
    CHECK(writes(machine, ADDRESS));

    machine.select_cpu(0);
    switch_mm(&first.context);
    const u32 fills = statistics().fills;
    CHECK(reads(machine, ADDRESS));
    CHECK(statistics().fills == fills);
    CHECK(statistics().survivors == 1);
    CHECK(machine.store(ADDRESS, 1, 4, Mode::User).fault.value().kind() == FaultKind::Permission);
    CHECK(check_tlb_against_truth(first.context).empty()); // permitting less is legal
    SECTION("a task that has come from the other CPU starts afresh") {
        local_flush_tlb_mm(first.context);
        CHECK(writes(machine, ADDRESS));
    }
    SECTION("a task that was here all the time takes a spurious fault") {
        flush_tlb_fix_spurious_fault(first.context, PAGE);
        CHECK(writes(machine, ADDRESS));
    }
    switch_mm(&second.context);
    CHECK(statistics().survivors == 1);
    CHECK(reads(machine, ADDRESS));
    CHECK(statistics().survivors == 2);
}

TEST_CASE("softtlb: a flush reaches what waits under another ASID, and every CPU that may hold it") {
    TestMachine machine({.cpus = 3});
    TestSpace space, other;
    map_pages(space, 41);
    map_pages(other, 41);
    for (const u32 cpu : {0u, 1u}) { // CPU 2 never runs them
        machine.select_cpu(cpu);
        for (TestSpace* each : {&space, &other}) { // `other` runs last, so `space` waits under another ASID
            switch_mm(&each->context);
            for (const u32 i : {0u, 1u, 40u})
                REQUIRE(writes(machine, page(i)));
        }
    }
    machine.select_cpu(0);
    const u32 counter = tlb_generation(space.context);
    u32 left = 0;
    SECTION("one page") {
        flush_tlb_page(space.context, UserAddr(ADDRESS + 123));
        left = 5;
    }
    SECTION("a short range") {
        flush_tlb_range(space.context, UserAddr(page(0)), UserAddr(page(2)));
        left = 4;
    }
    SECTION("a range longer than the TLB") {
        flush_tlb_range(space.context, UserAddr(page(1)), UserAddr(page(1000)));
        left = 4;
    }
    SECTION("everything") {
        flush_tlb_mm(space.context);
        left = 3;
    }
    CHECK(entries_in_use(0) == left);
    CHECK(entries_in_use(1) == left);
    CHECK(tlb_generation(space.context) == counter + 1);
    CHECK(statistics(0).flushes == 1);
    CHECK(statistics(0).shootdowns == 0);
    CHECK(statistics(1).flushes == 0);
    CHECK(statistics(1).shootdowns == 1);
    CHECK(statistics(2).shootdowns == 0);
    for (const u32 i : {0u, 1u, 40u})
        CHECK(writes(machine, page(i)));
    CHECK(check_tlb_against_truth(other.context).empty());
}

TEST_CASE("softtlb: what a fault installed is loaded in advance, on the CPU and for the address space it "
          "happened in") {
    TestMachine machine;
    TestSpace space, other;
    switch_mm(&space.context);
    for (TestSpace* each : {&space, &other}) {
        each->set(ADDRESS, Pte(new_frame(), USER_RW));
        update_mmu_cache(each->context, PAGE, each->slot(ADDRESS));
    }
    CHECK(statistics().fills == 1);
    const u64 misses = machine.cpu().faults;
    CHECK(writes(machine, ADDRESS));
    CHECK(machine.cpu().faults == misses);
    space.set(page(1), Pte(new_frame(), USER_RW & ~Pte::YOUNG));
    update_mmu_cache(space.context, UserAddr(page(1)), space.slot(page(1)));
    CHECK(statistics().fills == 1);
}

TEST_CASE("softtlb: a miss between LDREX and STREX costs the reservation, and the loop goes round once more") {
    const WithTlbEntries room(8);
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    map_pages(space, 9);
    REQUIRE(machine.load_exclusive(ADDRESS).ok());
    for (u32 i = 1; i < 9; ++i)
        REQUIRE(reads(machine, page(i))); // a real CPU would have dropped the reservation here already
    REQUIRE(machine.load_exclusive(ADDRESS).ok());
    REQUIRE(reads(machine, page(1)));
    flush_tlb_page(space.context, PAGE);
    CHECK(machine.store_exclusive(ADDRESS, 7).value == 1);
    REQUIRE(machine.load_exclusive(ADDRESS).value == 0);
    CHECK(machine.store_exclusive(ADDRESS, 7).value == 0);
    CHECK(machine.load(ADDRESS, 4, Mode::User).value == 7);
}

TEST_CASE("softtlb: without memory for its table a CPU does not start") {
    TestMachine machine({.ram_bytes = 4u << 20});
    while (alloc_pages(1) != nullptr) {
    }
    CHECK_THROWS(mmu_init_cpu());
}

TEST_CASE("softtlb: entries in words") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    const auto words = [&] {
        char text[100];
        describe_descriptor(hardware_descriptor(space.context, PAGE), text, sizeof text);
        return std::string(text);
    };
    CHECK(words() == "not in this CPU's TLB: the next access asks the entry");
    const Pfn frame = new_frame();
    space.set(ADDRESS, Pte(frame, USER_RO | Pte::NOEXEC));
    REQUIRE(reads(machine, ADDRESS));
    CHECK(words().ends_with("read-only, XN, PXN, nG, shareable"));
    space.set(ADDRESS, Pte(frame, USER_RW));
    CHECK(words().ends_with("read-only, XN, PXN, nG, shareable")); // stale, and shown as it is
}
