// fork and copy on write.
#include "mm/config.hpp"
#include "mm/dup_mm.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

TestMm fork_of(TestMm& parent) { return TestMm(dup_mm(parent.mm()).value()); }

void private_pages_are_shared_until_written() {
    TestMm parent;
    const UserAddr address = parent.map_anon(1);
    EXPECT(write(address, 1));
    Page* original = parent.page(address);
    TestMm child = fork_of(parent);
    EXPECT(child.page(address) == original && page_mapcount(*original) == 2);
    EXPECT(!pte_write(parent.pte(address)) && pte_young(parent.pte(address)) && pte_dirty(parent.pte(address)));
    EXPECT(!pte_write(child.pte(address)) && !pte_young(child.pte(address)));
    EXPECT(value_at(address) == 1);
    EXPECT(write(address, 2)); // the child breaks the sharing
    EXPECT(child.page(address) != original && page_mapcount(*original) == 1);
    parent.activate();
    EXPECT(value_at(address) == 1);
    EXPECT(minor_faults([&] { EXPECT(write(address, 3)); }) == 1);
    EXPECT(parent.page(address) == original); // the last reference is reused, not copied
    child.activate();
    EXPECT(value_at(address) == 2);
}

// The parent's TLB held the page writable when it forked.
void the_parent_cannot_write_round_the_copy() {
    TestMm parent;
    const UserAddr address = parent.map_anon(1);
    EXPECT(write(address, 1) && attempt_write(address, 1));
    TestMm child = fork_of(parent);
    parent.activate();
    EXPECT(!attempt_write(address, 2));
    EXPECT(write(address, 2));
    child.activate();
    EXPECT(value_at(address) == 1);
}

// fork, and fork again before any write: a write must copy the page, and must not find it read-only (nanvix 2515).
void fork_of_a_fork() {
    TestMm parent;
    const UserAddr address = parent.map_anon(1);
    EXPECT(write(address, 1));
    TestMm child = fork_of(parent);
    TestMm grandchild = fork_of(child);
    EXPECT(write(address, 3));
    child.activate();
    EXPECT(value_at(address) == 1 && write(address, 2));
    parent.activate();
    EXPECT(value_at(address) == 1 && write(address, 4));
    grandchild.activate();
    EXPECT(value_at(address) == 3);
}

void shared_mappings_are_not_copied() {
    TestMm parent;
    const UserAddr address = parent.map_shared(1);
    EXPECT(write(address, 1));
    TestMm child = fork_of(parent);
    EXPECT(pte_none(child.pte(address)));
    EXPECT(value_at(address) == 1);
    EXPECT(pte_write(child.pte(address)) && !pte_dirty(child.pte(address)));
    EXPECT(write(address, 2));
    parent.activate();
    EXPECT(value_at(address) == 2);
}

void shared_mappings_copied_as_before_2_6_14() {
    mm_config.fork_copy_shared = true;
    TestMm parent;
    const UserAddr address = parent.map_shared(1);
    EXPECT(write(address, 1));
    {
        TestMm child = fork_of(parent);
        const Pte pte = child.pte(address);
        EXPECT(pte_present(pte) && pte_write(pte) && !pte_dirty(pte) && !pte_young(pte));
        EXPECT(gup_for_write(child.mm(), address).ok()); // and it hangs, though never touched
        EXPECT(attempt_write(address) == may_write(pte));
        EXPECT(fixup_for_write(child.mm(), address).ok() && attempt_write(address));
    }
    EXPECT(pte_user_writable(parent.pte(address)));
    mm_config.fork_copy_shared = false;
}

void gup_breaks_the_copy_on_write() {
    TestMm parent;
    const UserAddr address = parent.map_anon(1);
    EXPECT(write(address, 1));
    TestMm child = fork_of(parent);
    EXPECT(gup_for_write(child.mm(), address).ok());
    EXPECT(attempt_write(address, 2));
    parent.activate();
    EXPECT(value_at(address) == 1);
}

void the_zero_page_survives_fork() {
    TestMm parent;
    const UserAddr address = parent.map_anon(1);
    EXPECT(read(address));
    TestMm child = fork_of(parent);
    EXPECT(value_at(address) == 0 && write(address, 1));
    parent.activate();
    EXPECT(value_at(address) == 0);
}

void all_pages_come_back() {
    const u32 before = nr_free_pages();
    for (u32 round = 0; round < 4; ++round) {
        TestMm parent;
        const UserAddr address = parent.map_anon(20);
        const UserAddr shared = parent.map_shared(5);
        for (u32 page = 0; page < 20; ++page)
            EXPECT(write(address + page * PAGE_SIZE));
        EXPECT(write(shared));
        TestMm child = fork_of(parent);
        for (u32 page = 0; page < 20; page += 2)
            EXPECT(write(address + page * PAGE_SIZE));
        EXPECT(read(shared));
    }
    shrink_caches();
    EXPECT(nr_free_pages() == before);
}

constexpr Test TESTS[] = {
    {"fork: private pages are shared until written", private_pages_are_shared_until_written},
    {"fork: the parent cannot write round the copy", the_parent_cannot_write_round_the_copy},
    {"fork: of a fork", fork_of_a_fork},
    {"fork: entries of shared mappings are not copied", shared_mappings_are_not_copied},
    {"fork: fork_copy_shared copies them clean and old", shared_mappings_copied_as_before_2_6_14},
    {"fork: get_user_pages breaks the copy on write", gup_breaks_the_copy_on_write},
    {"fork: the zero page", the_zero_page_survives_fork},
    {"fork: all pages come back", all_pages_come_back},
};

} // namespace

std::span<const Test> fork_tests() { return TESTS; }

} // namespace faultline::contract
