// mmap: what it accepts, where it places, what it refuses.
#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mmap.hpp"
#include "mm/mprotect.hpp"
#include "mm/munmap.hpp"
#include "mm/shmem.hpp"
#include "mm/stack.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/vma_edit.hpp"
#include "tests/host/mmap_fixture.hpp"

namespace faultline {
namespace {

TEST_CASE_METHOD(MmapFixture, "mmap: places top-down, next to each other, and joins what is alike") {
    const UserAddr first = anon(3);
    CHECK(first + pages(3) == mm.mmap_base);
    const UserAddr second = anon(2);
    CHECK(second + pages(2) == first);
    CHECK(mm.map_count == 1);
    const UserAddr third = anon(1, PROT_READ);
    CHECK(third + pages(1) == second);
    CHECK(mm.map_count == 2);
    CHECK(mapped_pages() == 6);
}

TEST_CASE_METHOD(MmapFixture, "mmap: the highest hole that is large enough is used first") {
    const UserAddr base = anon(20);
    REQUIRE(do_munmap(mm, base + pages(15), pages(1)).ok());
    REQUIRE(do_munmap(mm, base + pages(5), pages(4)).ok());
    CHECK(anon(2) == base + pages(7));
    CHECK(anon(2) == base + pages(5));
    CHECK(anon(2) == base - pages(2));  // below everything: nothing of two pages is left above
    CHECK(anon(1) == base + pages(15)); // a smaller request looks from the top again
    CHECK(anon(1) == base - pages(3));
    CHECK(mapped_pages() == 23);
}

TEST_CASE_METHOD(MmapFixture, "mmap: holes that join become one") {
    const UserAddr base = anon(10);
    REQUIRE(do_munmap(mm, base + pages(3), pages(1)).ok());
    REQUIRE(do_munmap(mm, base + pages(5), pages(1)).ok());
    CHECK(anon(3) == base - pages(3));
    REQUIRE(do_munmap(mm, base + pages(4), pages(1)).ok());
    CHECK(anon(3) == base + pages(3));
}

TEST_CASE_METHOD(MmapFixture, "mmap: a hint is taken if that range is free") {
    const UserAddr where(0x20000000);
    CHECK(map(where + 5, pages(2)).value() == where);
    CHECK(map(where - pages(1), pages(1)).value() == where - pages(1));
    CHECK(map(where + pages(1), pages(1)).value() == mm.mmap_base - pages(1)); // taken
    CHECK(map(where - pages(2), pages(2)).value() == mm.mmap_base - pages(3)); // would overlap
    CHECK(map(UserAddr(TASK_SIZE - pages(1)), pages(2)).value() == mm.mmap_base - pages(5));
    CHECK(map(UserAddr(pages(1)), pages(1)).value() == mm.mmap_base - pages(6)); // below FIRST_USER_ADDRESS
    CHECK(map(UserAddr(pages(2)), pages(1)).value() == UserAddr(pages(2)));
}

TEST_CASE_METHOD(MmapFixture, "mmap: when nothing is left below mmap_base, what is above is used; then NOMEM") {
    const u32 below = mm.mmap_base - FIRST_USER_ADDRESS;
    CHECK(map(UserAddr(), below, PROT_NONE).value() == FIRST_USER_ADDRESS);
    CHECK(anon(1) == UserAddr(TASK_SIZE - pages(1)));
    CHECK(error_of(map(UserAddr(), TASK_SIZE - mm.mmap_base.value())) == Errno::NOMEM);
    REQUIRE(do_munmap(mm, UserAddr(0x10000), pages(4)).ok());
    CHECK(anon(4) == UserAddr(0x10000));
}

TEST_CASE_METHOD(MmapFixture, "mmap: keeps its distance from the stack") {
    const UserAddr top(TASK_SIZE);
    VmArea* stack = setup_stack_vma(mm, top, pages(2)).value();
    const UserAddr near = stack->start - STACK_GUARD_GAP;
    CHECK(map(near, pages(1)).value() != near); // a hint inside the gap
    CHECK(map(near - pages(1), pages(1)).value() == near - pages(1));
    // a program that asks for this place gets it
    CHECK(map(stack->start - pages(1), pages(1), RW, ANON | MAP_FIXED).ok());
}

TEST_CASE_METHOD(MmapFixture, "mmap: MAP_GROWSDOWN grows, MAP_STACK and MAP_NORESERVE are accepted") {
    const UserAddr where = map(UserAddr(0x30000000), pages(1), RW, ANON | MAP_GROWSDOWN).value();
    CHECK(contract::write(where - pages(3)));
    CHECK(start_of(where) == where - pages(3));
    CHECK(map(UserAddr(), pages(1), RW, ANON | MAP_STACK).ok());
    const UserAddr loose = map(UserAddr(), pages(1), RW, ANON | MAP_NORESERVE).value();
    CHECK(flags_of(loose).has(VM_NORESERVE));
}

TEST_CASE_METHOD(MmapFixture, "mmap: MAP_FIXED replaces, MAP_FIXED_NOREPLACE does not") {
    const UserAddr base = anon(10);
    for (u32 i = 0; i < 10; ++i)
        REQUIRE(contract::write(base + pages(i), i + 1));
    CHECK(error_of(map(base + pages(9), pages(2), RW, ANON | MAP_FIXED_NOREPLACE)) == Errno::EXIST);
    CHECK(contract::value_at(base + pages(9)) == 10);
    fixed(base + pages(3), 2, PROT_READ);
    CHECK(mm.map_count == 3);
    CHECK(contract::value_at(base + pages(2)) == 3);
    CHECK(contract::value_at(base + pages(3)) == 0);
    CHECK(contract::value_at(base + pages(5)) == 6);
    CHECK(!contract::write(base + pages(3)));
    CHECK(map(base - pages(4), pages(2), RW, ANON | MAP_FIXED_NOREPLACE).value() == base - pages(4));
    CHECK(mapped_pages() == 12);
}

TEST_CASE_METHOD(MmapFixture, "mmap: errors, in Linux's order") {
    AddressSpace* file = shmem_new(pages(4), "file").value().release();
    const UserAddr high(TASK_SIZE - pages(1));
    constexpr u32 FIXED = ANON | MAP_FIXED;
    CHECK(error_of(map(UserAddr(), 0)) == Errno::INVAL);
    CHECK(error_of(map(UserAddr(), ~u32{0})) == Errno::NOMEM); // wraps when rounded
    CHECK(error_of(map(UserAddr(), TASK_SIZE + 1)) == Errno::NOMEM);
    CHECK(error_of(map(UserAddr(), pages(1), RW, MAP_ANONYMOUS)) == Errno::INVAL); // neither shared nor private
    CHECK(error_of(map(UserAddr(), pages(1), RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE)) == Errno::INVAL);
    CHECK(error_of(map(UserAddr(), pages(1), RW, MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN)) == Errno::INVAL);
    CHECK(error_of(map(UserAddr(), pages(1), RW, ANON | MAP_HUGETLB)) == Errno::INVAL);
    CHECK(error_of(map(high + 1, pages(1), RW, FIXED)) == Errno::NOMEM); // the range is checked before the alignment
    CHECK(error_of(map(high - 1, pages(1), RW, FIXED)) == Errno::INVAL);
    CHECK(error_of(map(high, pages(2), RW, FIXED)) == Errno::NOMEM);
    CHECK(map(high, pages(1), RW, FIXED).ok());
    CHECK(error_of(map(UserAddr(0), pages(1), RW, FIXED)) == Errno::INVAL); // the null page cannot be mapped
    CHECK(error_of(map(UserAddr(pages(1)), pages(1), RW, FIXED)) == Errno::INVAL);
    CHECK(map(FIRST_USER_ADDRESS, pages(1), RW, FIXED).ok());

    CHECK(error_of(map(UserAddr(), pages(2), RW, MAP_PRIVATE, file, true, ~u32{0})) == Errno::OVERFLOWED);
    CHECK(error_of(map(UserAddr(), pages(1), RW, MAP_SHARED, file, false)) == Errno::ACCES);
    CHECK(error_of(map(UserAddr(), pages(1), RW, MAP_PRIVATE | MAP_GROWSDOWN, file)) == Errno::INVAL);
    CHECK(error_of(map(UserAddr(), pages(1), RW, MAP_SHARED_VALIDATE | MAP_SYNC, file)) == Errno::OPNOTSUPP);
    CHECK(map(UserAddr(), pages(1), RW, MAP_SHARED_VALIDATE, file).ok());
    CHECK(map(UserAddr(), pages(1), RW, MAP_PRIVATE, file, false).ok());

    const UserAddr read_only = map(UserAddr(), pages(1), PROT_READ, MAP_SHARED, file, false).value();
    CHECK(error_of(do_mprotect(mm, read_only, pages(1), RW)) == Errno::ACCES);
    CHECK(do_mprotect(mm, read_only, pages(1), PROT_NONE).ok());
    put_mapping(*file);
}

TEST_CASE_METHOD(MmapFixture, "mmap: a refused MAP_FIXED leaves what was there") {
    const UserAddr base = anon(2);
    REQUIRE(contract::write(base, 7));
    CHECK(!map(base, pages(1), RW, MAP_ANONYMOUS | MAP_FIXED).ok());
    CHECK(contract::value_at(base) == 7);
}

TEST_CASE_METHOD(MmapFixture, "mmap: MAP_POPULATE faults in everything, shared pages clean") {
    const u32 shared = MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE;
    const UserAddr own = map(UserAddr(), pages(5), RW, ANON | MAP_POPULATE).value();
    const UserAddr common = map(UserAddr(), pages(5), RW, shared).value();
    const UserAddr none = map(UserAddr(), pages(5), PROT_NONE, ANON | MAP_POPULATE).value();
    const UserAddr lazy = map(UserAddr(), pages(5), RW, ANON | MAP_POPULATE | MAP_NONBLOCK).value();
    for (u32 i = 0; i < 5; ++i) {
        CHECK(contract::attempt_write(own + pages(i)));
        CHECK(contract::attempt_read(common + pages(i)));
        CHECK(!pte_dirty(space.pte(common + pages(i))));
        CHECK(pte_none(space.pte(none + pages(i))));
        CHECK(pte_none(space.pte(lazy + pages(i))));
    }
    CHECK((get_mm_counter(mm, MM_ANONPAGES) == 5 && get_mm_counter(mm, MM_FILEPAGES) == 5));
}

TEST_CASE("mmap: at most 65530 VMAs") {
    constexpr u32 RX = PROT_READ | PROT_EXEC; // what may be written once keeps VM_ACCOUNT, and joins nothing else
    harness::Host host({.ram_bytes = 64u << 20});
    contract::TestMm test;
    MmStruct& mm = test.mm();
    const auto map_one = [&](u32 i) {
        return do_mmap(mm, UserAddr(), PAGE_SIZE, i % 2 == 0 ? PROT_READ : PROT_NONE, ANON, nullptr, true, 0);
    };
    // Linux checks whether the count exceeds the limit before it adds one, so mmap alone gets one VMA beyond the limit.
    for (u32 i = 0; i <= DEFAULT_MAX_MAP_COUNT; ++i)
        REQUIRE(map_one(i).ok());
    CHECK(mm.map_count == DEFAULT_MAX_MAP_COUNT + 1);
    CHECK(error_of(map_one(DEFAULT_MAX_MAP_COUNT + 1)) == Errno::NOMEM);

    const UserAddr lowest = mm.vmas.begin()->start;
    REQUIRE(do_munmap(mm, lowest, pages(3)).ok());
    REQUIRE(do_mmap(mm, lowest, pages(3), PROT_EXEC, ANON | MAP_FIXED, nullptr, true, 0).ok());
    CHECK(mm.map_count == DEFAULT_MAX_MAP_COUNT - 1);
    CHECK(error_of(do_mprotect(mm, lowest + pages(1), pages(1), RX)) == Errno::NOMEM); // would be two more
    CHECK(mm.map_count == DEFAULT_MAX_MAP_COUNT - 1);
    {
        const MmapReadGuard mmap_read(mm);
        CHECK(vma_lookup(mmap_read, lowest)->pages() == 3); // and it has not been cut
    }
    CHECK(do_mprotect(mm, lowest, pages(1), RX).ok());
    CHECK(mm.map_count == DEFAULT_MAX_MAP_COUNT);
    CHECK(error_of(do_mprotect(mm, lowest + pages(1), pages(1), PROT_NONE)) == Errno::NOMEM);
    CHECK(do_mprotect(mm, lowest, pages(2), RX).ok());                   // joins, so it adds none
    CHECK(do_mprotect(mm, lowest + pages(1), pages(1), PROT_EXEC).ok()); // moves the border back
    CHECK(mm.map_count == DEFAULT_MAX_MAP_COUNT);
    CHECK(do_munmap(mm, lowest, pages(2)).ok());
}

} // namespace
} // namespace faultline
