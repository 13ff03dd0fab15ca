// How the hooks of the walked back end change descriptors, and TLBs that are filled from them.
#include <catch2/catch.hpp>

#include "arch/model/check.hpp"
#include "tests/host/back_end_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0060'3000;
const UserAddr PAGE{ADDRESS};

} // namespace

TEST_CASE("walked: each hook stores one descriptor, whole, after truth") {
    TestMachine machine;
    TestSpace space;
    PteSlot* slot = space.slot(ADDRESS);
    const std::size_t mark = machine.memory.mark();
    const Pfn frame = new_frame();
    set_pte_at(space.context, PAGE, slot, Pte(frame, USER_RW));
    TlbDebt debt(space.context);
    ptep_set_wrprotect(debt, PAGE, slot);
    CHECK(ptep_test_and_clear_young(debt, PAGE, slot));
    CHECK(ptep_get_and_clear(debt, PAGE, slot).has(Pte::DIRTY | Pte::PRESENT));
    const auto& log = machine.memory.log();
    REQUIRE(log.size() == mark + 4);
    // Raw words from ARM DDI 0406C figure B3-5: read-write, read-only, nothing, nothing.
    CHECK(log[mark].after == (frame.address().value() | 0xc7e));
    CHECK(log[mark + 1].after == (frame.address().value() | 0xe7e));
    CHECK(log[mark + 2].after == 0);
    CHECK(log[mark + 3].after == 0);
}

TEST_CASE("walked: flushes reach every CPU that may hold translations, and are counted there") {
    TestMachine machine({.cpus = 3});
    TestSpace space;
    TestSpace other;
    const u32 pages[] = {ADDRESS, ADDRESS + PAGE_SIZE, ADDRESS + 40 * PAGE_SIZE};
    for (const u32 page : pages) {
        space.set(page, Pte(new_frame(), USER_RW));
        other.set(page, Pte(new_frame(), USER_RW));
    }
    const auto count_on = [&](u32 cpu) {
        machine.select_cpu(cpu);
        return tlb_generation(space.context);
    };
    const auto cached_on = [&](u32 cpu) { return machine.cpu(cpu).tlb.size(); };
    for (const u32 cpu : {0u, 1u}) { // CPU 2 never runs them
        machine.select_cpu(cpu);
        for (TestSpace* each : {&other, &space}) {
            switch_mm(&each->context);
            for (const u32 page : pages)
                REQUIRE(machine.store(page, 1, 4, Mode::User).ok());
        }
    }
    REQUIRE(cached_on(0) == 6);
    const u32 before[] = {count_on(0), count_on(1), count_on(2)};
    machine.select_cpu(0);

    std::size_t left = 0;
    SECTION("one page") {
        flush_tlb_page(space.context, UserAddr(ADDRESS + 123));
        left = 5;
    }
    SECTION("a short range") {
        flush_tlb_range(space.context, UserAddr(ADDRESS), UserAddr(ADDRESS + 2 * PAGE_SIZE));
        left = 4;
    }
    SECTION("a long range") {
        flush_tlb_range(space.context, UserAddr(ADDRESS), UserAddr(ADDRESS + 41 * PAGE_SIZE));
        left = 3;
    }
    SECTION("the whole address space") {
        flush_tlb_mm(space.context);
        left = 3;
    }
    CHECK(cached_on(0) == left);
    CHECK(cached_on(1) == left);
    CHECK(count_on(0) == before[0] + 1);
    CHECK(count_on(1) == before[1] + 1);
    CHECK(count_on(2) == before[2]);
}

TEST_CASE("walked: a page table is reachable until the flush, even where it maps nothing") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    const PteSlot* slot = space.slot(ADDRESS);
    const Pfn table = Pfn::of(virt_to_phys(slot));
    REQUIRE_FALSE(machine.load(ADDRESS, 4, Mode::User).ok()); // the walk has read the first level
    pmd_clear(space.context, PAGE);
    CHECK(tlb_can_reach(table));
    flush_tlb_page(space.context, PAGE);
    CHECK_FALSE(tlb_can_reach(table));
}

TEST_CASE("walked: no memory for a directory is NOMEM, and a context gives back what it took") {
    TestMachine machine({.ram_bytes = 4u << 20});
    const u32 free = nr_free_pages();
    {
        const TestSpace space;
    }
    CHECK(nr_free_pages() == free);
    while (alloc_pages(1) != nullptr) {
    }
    MmContext context;
    PageDirectory directory{};
    CHECK(init_new_context(context, directory).error() == Errno::NOMEM);
}
