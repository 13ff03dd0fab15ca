// The reverse map: from a page to each entry that shows it.
#include "mm/rmap.hpp"

#include "mm/dup_mm.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

u32 entries_found(const Page& page) {
    u32 found = 0;
    const auto count = [&](VmArea&, UserAddr, PteSlot*) { ++found; };
    rmap_walk_anon(AnonVmaReader(), page, count);
    return found;
}

namespace {

TestMm fork_of(TestMm& parent) { return TestMm(dup_mm(parent.mm()).value()); }

bool all_found(TestMm& test, UserAddr address) {
    const Page* page = test.page(address);
    return page != nullptr && page_mapcount(*page) != 0 &&
           entries_found(*page) == static_cast<u32>(page_mapcount(*page));
}

void a_page_is_found_in_every_relative() {
    TestMm parent;
    const UserAddr address = parent.map_anon(1);
    EXPECT(write(address, 1) && all_found(parent, address));
    TestMm child = fork_of(parent);
    TestMm grandchild = fork_of(child);
    EXPECT(entries_found(*parent.page(address)) == 3);
    EXPECT(write(address, 2)); // the grandchild has a copy of its own
    EXPECT(entries_found(*parent.page(address)) == 2 && entries_found(*grandchild.page(address)) == 1);
}

void a_page_that_moves_is_found_where_it_is() {
    TestMm test;
    const UserAddr block = test.map_anon(8), to = test.map_anon(1);
    for (u32 page = 0; page < 8; ++page)
        EXPECT(write(block + page * PAGE_SIZE, page));
    TestMm child = fork_of(test);
    test.activate();
    EXPECT(do_mremap(test.mm(), block + 3 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok());
    EXPECT(value_at(to) == 3 && test.page(to) == child.page(block + 3 * PAGE_SIZE));
    EXPECT(all_found(test, to) && entries_found(*test.page(to)) == 2);
    EXPECT(all_found(test, block + 2 * PAGE_SIZE) && all_found(test, block + 4 * PAGE_SIZE));
    EXPECT(do_mremap(test.mm(), to, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, block + 3 * PAGE_SIZE).ok());
    EXPECT(all_found(test, block + 3 * PAGE_SIZE));
    EXPECT(test.mm().map_count == 1); // it is one VMA again
}

void a_page_is_found_after_its_vma_was_cut_and_joined() {
    TestMm test;
    const UserAddr block = test.map_anon(4);
    for (u32 page = 0; page < 4; ++page)
        EXPECT(write(block + page * PAGE_SIZE, page));
    EXPECT(do_mprotect(test.mm(), block + PAGE_SIZE, PAGE_SIZE, PROT_READ).ok());
    for (u32 page = 0; page < 4; ++page)
        EXPECT(all_found(test, block + page * PAGE_SIZE));
    EXPECT(do_mprotect(test.mm(), block + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE).ok());
    EXPECT(do_munmap(test.mm(), block, PAGE_SIZE).ok());
    for (u32 page = 1; page < 4; ++page)
        EXPECT(all_found(test, block + page * PAGE_SIZE));
}

// Parts that differ in their rights only get one family, so that they can be one VMA when the rights are the same again.
void parts_that_are_touched_one_by_one_are_joined() {
    TestMm test;
    const UserAddr block = test.map_anon(3);
    EXPECT(do_mprotect(test.mm(), block + PAGE_SIZE, PAGE_SIZE, PROT_READ).ok());
    EXPECT(write(block, 1) && write(block + 2 * PAGE_SIZE, 1));
    EXPECT(do_mprotect(test.mm(), block + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE).ok());
    EXPECT(write(block + PAGE_SIZE, 1));
    EXPECT(all_found(test, block) && all_found(test, block + PAGE_SIZE) && all_found(test, block + 2 * PAGE_SIZE));
}

void the_copy_of_a_files_page_is_found() {
    TestMm test;
    const MappingRef file = shmem_new(2 * PAGE_SIZE, "file").value();
    const UserAddr address = test.map_file(*file, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    EXPECT(write(address + PAGE_SIZE, 1) && all_found(test, address + PAGE_SIZE));
    EXPECT(read(address) && write(address, 1) && all_found(test, address));
    TestMm child = fork_of(test);
    EXPECT(entries_found(*child.page(address)) == 2);
}

constexpr Test TESTS[] = {
    {"rmap: a page is found in every relative", a_page_is_found_in_every_relative},
    {"rmap: a page that moves is found where it is", a_page_that_moves_is_found_where_it_is},
    {"rmap: a page is found after its VMA was cut and joined", a_page_is_found_after_its_vma_was_cut_and_joined},
    {"rmap: parts that are touched one by one are joined", parts_that_are_touched_one_by_one_are_joined},
    {"rmap: the copy of a file's page is found", the_copy_of_a_files_page_is_found},
};

} // namespace

std::span<const Test> rmap_tests() { return TESTS; }

} // namespace faultline::contract
