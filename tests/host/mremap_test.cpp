// Calls that change existing mappings: munmap, mprotect, mremap, madvise, brk, and fork's dup_mm.
#include <vector>

#include "mm/brk.hpp"
#include "mm/dup_mm.hpp"
#include "mm/madvise.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"
#include "mm/stack.hpp"
#include "tests/host/mmap_fixture.hpp"

namespace faultline {
namespace {

TEST_CASE_METHOD(MmapFixture, "munmap: any part of any number of VMAs") {
    const UserAddr base = anon(10);
    for (u32 i = 0; i < 10; ++i)
        REQUIRE(contract::write(base + pages(i), i + 1));
    CHECK(get_mm_counter(mm, MM_ANONPAGES) == 10);
    REQUIRE(do_munmap(mm, base + pages(4), pages(1) + 1).ok()); // rounds up
    CHECK((mm.map_count == 2 && get_mm_counter(mm, MM_ANONPAGES) == 8));
    CHECK(!contract::read(base + pages(4)));
    CHECK(!contract::read(base + pages(5)));
    CHECK(contract::value_at(base + pages(6)) == 7);
    REQUIRE(do_munmap(mm, base + pages(3), pages(4)).ok()); // over the hole
    CHECK((mm.map_count == 2 && get_mm_counter(mm, MM_ANONPAGES) == 6));
    REQUIRE(do_munmap(mm, base, pages(10)).ok());
    CHECK((mm.map_count == 0 && get_mm_counter(mm, MM_ANONPAGES) == 0 && mm.total_vm == 0 && mm.nr_ptes == 0));
    CHECK(do_munmap(mm, base, pages(10)).ok()); // unmapping nothing is no error
}

TEST_CASE_METHOD(MmapFixture, "fork: pages among many that nobody has touched") {
    const u32 touched = GENERATE(0u, 1u, 7u, 8u, 15u, 16u, 38u, 39u);
    const UserAddr base = anon(40);
    REQUIRE(contract::write(base + pages(touched), 5));
    REQUIRE(contract::write(base + pages(20), 6));
    {
        const auto child = dup_mm(mm);
        REQUIRE(child.ok());
        CHECK(get_mm_counter(*child.value(), MM_ANONPAGES) == 2);
    }
    REQUIRE(do_munmap(mm, base, pages(20)).ok());
    CHECK(get_mm_counter(mm, MM_ANONPAGES) == (touched < 20 ? 1u : 2u));
    REQUIRE(do_munmap(mm, base, pages(40)).ok());
    CHECK((get_mm_counter(mm, MM_ANONPAGES) == 0 && mm.nr_ptes == 0));
}

TEST_CASE_METHOD(MmapFixture, "munmap: errors") {
    CHECK(error_of(do_munmap(mm, UserAddr(0x10001), pages(1))) == Errno::INVAL);
    CHECK(error_of(do_munmap(mm, UserAddr(0x10000), 0)) == Errno::INVAL);
    CHECK(error_of(do_munmap(mm, UserAddr(TASK_SIZE), pages(1))) == Errno::INVAL);
    CHECK(error_of(do_munmap(mm, UserAddr(TASK_SIZE + pages(1)), pages(1))) == Errno::INVAL);
    CHECK(error_of(do_munmap(mm, UserAddr(0x10000), ~u32{0})) == Errno::INVAL);
}

TEST_CASE_METHOD(MmapFixture, "munmap: page tables go with the last VMA over them, not earlier") {
    const UserAddr base(0x20000000); // a table's first page
    fixed(base, 1);
    fixed(base + PMD_SIZE - pages(1), 2); // over the border of two tables
    REQUIRE(contract::write(base));
    REQUIRE(contract::write(base + PMD_SIZE - pages(1)));
    REQUIRE(contract::write(base + PMD_SIZE));
    CHECK(mm.nr_ptes == 2);
    REQUIRE(do_munmap(mm, base, pages(1)).ok());
    CHECK(mm.nr_ptes == 2);
    REQUIRE(do_munmap(mm, base + PMD_SIZE, pages(1)).ok());
    CHECK(mm.nr_ptes == 1);
    CHECK(contract::value_at(base + PMD_SIZE - pages(1)) == 1);
    REQUIRE(do_munmap(mm, base, pages(1) + PMD_SIZE).ok());
    CHECK(mm.nr_ptes == 0);
}

TEST_CASE_METHOD(MmapFixture, "mprotect: errors, and what was done before them") {
    const UserAddr base = anon(4);
    REQUIRE(do_munmap(mm, base + pages(2), pages(1)).ok());
    CHECK(error_of(do_mprotect(mm, base + 1, pages(1), RW)) == Errno::INVAL);
    CHECK(error_of(do_mprotect(mm, base, pages(1), 0x100)) == Errno::INVAL);
    CHECK(error_of(do_mprotect(mm, base, pages(1), RW | PROT_GROWSDOWN | PROT_GROWSUP)) == Errno::INVAL);
    CHECK(error_of(do_mprotect(mm, base, pages(1), RW | PROT_GROWSDOWN)) == Errno::INVAL); // no stack
    CHECK(error_of(do_mprotect(mm, base, pages(1), RW | PROT_GROWSUP)) == Errno::INVAL);
    CHECK(do_mprotect(mm, base + pages(2), 0, RW).ok());
    CHECK(error_of(do_mprotect(mm, base, ~u32{0}, RW)) == Errno::NOMEM); // wraps to nothing
    CHECK(error_of(do_mprotect(mm, base + pages(2), pages(1), RW)) == Errno::NOMEM);
    CHECK(error_of(do_mprotect(mm, base - pages(1), pages(2), PROT_READ)) == Errno::NOMEM);
    CHECK(contract::write(base));
    CHECK(error_of(do_mprotect(mm, base, pages(4), PROT_READ)) == Errno::NOMEM);
    CHECK((!contract::write(base) && !contract::write(base + pages(1)))); // up to the hole
    CHECK(contract::write(base + pages(3)));
    CHECK(do_mprotect(mm, base, pages(1), RW | PROT_SEM).ok());
}

TEST_CASE_METHOD(MmapFixture, "mprotect: PROT_GROWSDOWN reaches to the stack's start") {
    VmArea* stack = setup_stack_vma(mm, UserAddr(TASK_SIZE), pages(4)).value();
    REQUIRE(do_mprotect(mm, stack->start + pages(2), pages(1), PROT_READ | PROT_GROWSDOWN).ok());
    CHECK((flags_of(UserAddr(TASK_SIZE - pages(4))) & VM_ACCESS_FLAGS) == VM_READ);
    CHECK((flags_of(UserAddr(TASK_SIZE - pages(1))) & VM_ACCESS_FLAGS) == (VM_READ | VM_WRITE));
}

TEST_CASE_METHOD(MmapFixture, "mprotect: a page may be writable and executable at once") {
    const UserAddr base = anon(1, RW | PROT_EXEC);
    CHECK(contract::write(base));
    CHECK(host.machine.user_fetch(base.value()));
    REQUIRE(do_mprotect(mm, base, pages(1), RW).ok());
    CHECK(!host.machine.user_fetch(base.value()));
}

TEST_CASE_METHOD(MmapFixture, "mremap: shrinks, grows in place, moves") {
    const UserAddr base = fixed(UserAddr(0x20000000), 4);
    for (u32 i = 0; i < 4; ++i)
        REQUIRE(contract::write(base + pages(i), i + 1));
    CHECK(do_mremap(mm, base, pages(4), pages(2), 0, UserAddr()).value() == base);
    CHECK((mapped_pages() == 2 && get_mm_counter(mm, MM_ANONPAGES) == 2));
    CHECK(do_mremap(mm, base, pages(2), pages(6), 0, UserAddr()).value() == base);
    CHECK((mapped_pages() == 6 && mm.map_count == 1));
    CHECK(contract::value_at(base + pages(1)) == 2);
    CHECK(contract::value_at(base + pages(2)) == 0); // not what was unmapped

    fixed(base + pages(6), 1, PROT_NONE);
    CHECK(error_of(do_mremap(mm, base, pages(6), pages(7), 0, UserAddr())) == Errno::NOMEM);
    const UserAddr moved = do_mremap(mm, base, pages(6), pages(7), MREMAP_MAYMOVE, UserAddr()).value();
    CHECK(moved + pages(7) == mm.mmap_base);
    CHECK((contract::value_at(moved) == 1 && contract::value_at(moved + pages(1)) == 2));
    CHECK(!contract::read(base));
    CHECK(mapped_pages() == 8);

    const UserAddr target(0x30000000);
    fixed(target - pages(1), 4, PROT_READ);
    CHECK(do_mremap(mm, moved + pages(1), pages(2), pages(1), MREMAP_MAYMOVE | MREMAP_FIXED, target).value() == target);
    CHECK(contract::value_at(target) == 2);
    CHECK((contract::read(target - pages(1)) && contract::read(target + pages(1))));
    CHECK(contract::value_at(moved) == 1);
    CHECK((!contract::read(moved + pages(1)) && !contract::read(moved + pages(2)) && contract::read(moved + pages(3))));
}

TEST_CASE_METHOD(MmapFixture, "mremap: old length 0 maps shared memory a second time") {
    const UserAddr first = space.map_shared(2);
    REQUIRE(contract::write(first + pages(1), 5));
    CHECK(error_of(do_mremap(mm, first, 0, pages(1), 0, UserAddr())) == Errno::NOMEM);
    const UserAddr second = do_mremap(mm, first + pages(1), 0, pages(1), MREMAP_MAYMOVE, UserAddr()).value();
    CHECK(second != first);
    CHECK(contract::value_at(second) == 5);
    REQUIRE(contract::write(second, 6));
    CHECK(contract::value_at(first + pages(1)) == 6);
    CHECK(error_of(do_mremap(mm, anon(1), 0, pages(1), MREMAP_MAYMOVE, UserAddr())) == Errno::INVAL);
}

TEST_CASE_METHOD(MmapFixture, "mremap: errors") {
    const UserAddr base = anon(4);
    constexpr u32 TO = MREMAP_MAYMOVE | MREMAP_FIXED;
    const auto remap = [&](UserAddr from, u32 old_length, u32 new_length, u32 flags, UserAddr to = UserAddr()) {
        return error_of(do_mremap(mm, from, old_length, new_length, flags, to));
    };
    CHECK(remap(base, pages(1), pages(1), 8) == Errno::INVAL);
    CHECK(remap(base, pages(1), pages(2), MREMAP_MAYMOVE | MREMAP_DONTUNMAP) == Errno::INVAL);
    CHECK(remap(base, pages(1), pages(1), MREMAP_DONTUNMAP) == Errno::INVAL);
    CHECK(remap(base, pages(1), pages(1), MREMAP_FIXED, UserAddr(0x30000000)) == Errno::INVAL);
    CHECK(remap(base + 1, pages(1), pages(1), 0) == Errno::INVAL);
    CHECK(remap(base, pages(1), 0, 0) == Errno::INVAL);
    CHECK(remap(UserAddr(0x10000), pages(1), pages(2), MREMAP_MAYMOVE) == Errno::FAULT);
    CHECK(remap(base, pages(5), pages(6), MREMAP_MAYMOVE) == Errno::FAULT); // reaches past the VMA
    CHECK(remap(base, pages(4), TASK_SIZE, MREMAP_MAYMOVE) == Errno::NOMEM);
    CHECK(remap(base, pages(4), pages(4), TO, base + pages(1)) == Errno::INVAL); // overlaps
    CHECK(remap(base, pages(4), pages(4), TO, base - pages(1)) == Errno::INVAL);
    CHECK(remap(base, pages(4), pages(4), TO, UserAddr(0x30000001)) == Errno::INVAL);
    CHECK(remap(base, pages(4), pages(4), TO, UserAddr(TASK_SIZE - pages(3))) == Errno::INVAL);
    CHECK(remap(base, pages(4), pages(4), TO, UserAddr(0)) == Errno::INVAL);
    CHECK(remap(base, ~u32{0} - pages(2), pages(1), 0) == Errno::INVAL);
    CHECK(mapped_pages() == 4);
}

TEST_CASE_METHOD(MmapFixture, "mremap: out of memory half way moves everything back") {
    const UserAddr base = fixed(UserAddr(0x20000000), PMD_SIZE / PAGE_SIZE + 4);
    REQUIRE(contract::write(base, 1));
    REQUIRE(contract::write(base + PMD_SIZE, 2)); // two tables to make at the new place
    const UserAddr target(0x40000000);
    std::vector<Page*> hoard;
    while (Page* page = alloc_pages(0))
        hoard.push_back(page);
    put_page(*hoard.back()); // enough for a VMA's slab or for one table, not for all
    hoard.pop_back();
    const u32 length = PMD_SIZE + pages(4);
    CHECK(error_of(do_mremap(mm, base, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, target)) == Errno::NOMEM);
    for (Page* page : hoard)
        put_page(*page);
    CHECK((contract::value_at(base) == 1 && contract::value_at(base + PMD_SIZE) == 2));
    CHECK(!contract::read(target));
    CHECK((mm.map_count == 1 && get_mm_counter(mm, MM_ANONPAGES) == 2));
}

TEST_CASE_METHOD(MmapFixture, "madvise: what is accepted, what is refused") {
    const UserAddr base = anon(4);
    const UserAddr shared = space.map_shared(1);
    for (const u32 advice : {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE,
                             MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK, MADV_KEEPONFORK,
                             MADV_COLD, MADV_PAGEOUT, MADV_DONTNEED_LOCKED, MADV_POPULATE_READ, MADV_POPULATE_WRITE}) {
        INFO(advice);
        CHECK(do_madvise(mm, base, pages(4), advice).ok());
        CHECK(do_madvise(mm, base, 0, advice).ok());
        CHECK(error_of(do_madvise(mm, base + 1, pages(1), advice)) == Errno::INVAL);
        CHECK(error_of(do_madvise(mm, base, ~u32{0}, advice)) == Errno::INVAL);
        CHECK(error_of(do_madvise(mm, UserAddr(0x10000), pages(1), advice)) == Errno::NOMEM);
        const bool private_only = advice == MADV_FREE || advice == MADV_WIPEONFORK;
        CHECK(error_of(do_madvise(mm, shared, pages(1), advice)) == (private_only ? Errno::INVAL : Errno{}));
        CHECK(do_madvise(mm, shared, pages(1), MADV_DOFORK).ok());
    }
    CHECK(mm.map_count == 2);
    for (const u32 advice : {5u, 9u, 14u, 25u, 101u, ~0u}) // 9 is MADV_REMOVE, which needs a file
        CHECK(error_of(do_madvise(mm, base, pages(1), advice)) == Errno::INVAL);
}

TEST_CASE_METHOD(MmapFixture, "madvise: passes over a hole, does the rest, and says NOMEM") {
    const UserAddr base = anon(3);
    REQUIRE(contract::write(base, 1));
    REQUIRE(contract::write(base + pages(2), 3));
    REQUIRE(do_munmap(mm, base + pages(1), pages(1)).ok());
    CHECK(error_of(do_madvise(mm, base, pages(3), MADV_DONTNEED)) == Errno::NOMEM);
    CHECK((contract::value_at(base) == 0 && contract::value_at(base + pages(2)) == 0));
}

TEST_CASE_METHOD(MmapFixture, "brk: grows and shrinks the heap, and refuses quietly") {
    const UserAddr start(0x00200000 + 100);
    mm.start_brk = mm.brk = start;
    CHECK(do_brk(mm, UserAddr(0)) == start); // how a program reads the break
    CHECK(do_brk(mm, start + 10) == start + 10);
    CHECK(mm.map_count == 0); // still inside the page that the data has
    CHECK(do_brk(mm, start + pages(3)) == start + pages(3));
    CHECK((mm.map_count == 1 && mm.total_vm == 3));
    REQUIRE(contract::write(UserAddr(0x00201000), 9));
    CHECK(do_brk(mm, start + pages(5)) == start + pages(5));
    CHECK((mm.map_count == 1 && mm.total_vm == 5));
    CHECK(do_brk(mm, start - 1) == start + pages(5));
    CHECK(do_brk(mm, start + pages(1)) == start + pages(1));
    CHECK((mm.total_vm == 1 && get_mm_counter(mm, MM_ANONPAGES) == 1));
    CHECK(do_brk(mm, start) == start);
    CHECK((mm.map_count == 0 && get_mm_counter(mm, MM_ANONPAGES) == 0));
    CHECK(do_brk(mm, start + pages(2)) == start + pages(2));
    CHECK(contract::value_at(UserAddr(0x00201000)) == 0);

    fixed(UserAddr(0x00210000), 1);
    CHECK(do_brk(mm, UserAddr(0x0020f000)) == UserAddr(0x0020f000)); // a page is left free
    CHECK(do_brk(mm, UserAddr(0x0020f001)) == UserAddr(0x0020f000));
    CHECK(do_brk(mm, UserAddr(TASK_SIZE + 1)) == UserAddr(0x0020f000));
    CHECK(do_brk(mm, UserAddr(~0u)) == UserAddr(0x0020f000));
}

TEST_CASE_METHOD(MmapFixture, "dup_mm: copies VMAs, layout and contents, and follows the advice") {
    mm.start_brk = mm.brk = UserAddr(0x00200000);
    do_brk(mm, UserAddr(0x00202000));
    const UserAddr kept = fixed(UserAddr(0x20000000), 1);
    const UserAddr left_out = fixed(UserAddr(0x20002000), 1);
    const UserAddr wiped = fixed(UserAddr(0x20004000), 1);
    const UserAddr shared = space.map_shared(1);
    for (const UserAddr address : {kept, left_out, wiped, shared})
        REQUIRE(contract::write(address, 7));
    REQUIRE(do_madvise(mm, left_out, pages(1), MADV_DONTFORK).ok());
    REQUIRE(do_madvise(mm, wiped, pages(1), MADV_WIPEONFORK).ok());

    contract::TestMm child(dup_mm(mm).value());
    CHECK((child.mm().map_count == 4 && child.mm().total_vm == 5 && mm.map_count == 5));
    CHECK((child.mm().brk == mm.brk && child.mm().mmap_base == mm.mmap_base));
    CHECK(contract::value_at(kept) == 7);
    CHECK(!contract::read(left_out));
    CHECK(contract::value_at(wiped) == 0);
    CHECK(contract::value_at(shared) == 7);
    REQUIRE(contract::write(kept, 8));
    REQUIRE(contract::write(shared, 8));
    space.activate();
    CHECK(contract::value_at(kept) == 7);
    CHECK(contract::value_at(shared) == 8);
    child.activate();
}

TEST_CASE_METHOD(MmapFixture, "dup_mm: out of memory at any point leaves both sides whole") {
    for (u32 i = 0; i < 200; ++i) // enough VMAs for a slab or two, and tables
        REQUIRE(contract::write(fixed(UserAddr(0x20000000 + i * (PMD_SIZE / 4)), 1), i + 1));
    const u32 before = (shrink_caches(), nr_free_pages());
    std::vector<Page*> hoard;
    while (Page* page = alloc_pages(0))
        hoard.push_back(page);
    bool copied = false;
    for (u32 given = 0; !copied; ++given) {
        REQUIRE(given < 100);
        if (const auto child = dup_mm(mm); child.ok()) {
            copied = true;
            CHECK(get_mm_counter(*child.value(), MM_ANONPAGES) == 200);
        } else {
            CHECK(child.error() == Errno::NOMEM);
            CHECK(nr_free_pages() == given);
            put_page(*hoard.back());
            hoard.pop_back();
        }
    }
    for (Page* page : hoard)
        put_page(*page);
    CHECK(nr_free_pages() == before);
    for (u32 i = 0; i < 200; ++i)
        CHECK(contract::write(UserAddr(0x20000000 + i * (PMD_SIZE / 4)), 1));
}

} // namespace
} // namespace faultline
