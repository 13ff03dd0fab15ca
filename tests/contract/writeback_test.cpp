// Pages of a file with a disk behind it: the first write makes them dirty, writing them back makes them clean, and nothing
// that was written is forgotten.
#include "interleave/modelled_disk.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

constexpr u32 RW = PROT_READ | PROT_WRITE;

// How much fewer pages are dirty now than at the start: other files of the kernel under test may have some, too.
struct DirtyPages {
    u32 before = writeback_stat.nr_file_dirty;
    u32 now() const { return writeback_stat.nr_file_dirty - before; }
};

void the_first_write_makes_dirty() {
    ModelledDisk disk;
    disk.blocks[0][0] = 7;
    const DirtyPages dirty;
    TestMm test;
    const UserAddr address = test.map_file(disk, 2, RW, MAP_SHARED);
    EXPECT(value_at(address) == 7);
    EXPECT(!pte_write(test.pte(address)) && !attempt_write(address) && dirty.now() == 0);
    EXPECT(write(address, 8) && pte_write(test.pte(address)) && pte_dirty(test.pte(address)));
    EXPECT(test.page(address)->test(PG_DIRTY) && dirty.now() == 1 && attempt_write(address, 9));
    EXPECT(write(address + PAGE_SIZE) && dirty.now() == 2); // without a read before
    EXPECT(disk.blocks[0][0] == 7);
    EXPECT(disk.sync() && disk.blocks[0][0] == 9 && dirty.now() == 0);
    EXPECT(do_munmap(test.mm(), address, 2 * PAGE_SIZE).ok());
}

// In every address space, and each time.
void writing_back_cleans_every_entry() {
    ModelledDisk disk;
    const DirtyPages dirty;
    TestMm one;
    const UserAddr address = one.map_file(disk, 1, RW, MAP_SHARED), again = one.map_file(disk, 1, RW, MAP_SHARED);
    TestMm other(dup_mm(one.mm()).value());
    EXPECT(write(address, 1));
    one.activate();
    EXPECT(write(address, 2) && write(again, 3));
    EXPECT(disk.sync() && disk.blocks[0][0] == 3 && dirty.now() == 0);
    for (TestMm* each : {&one, &other}) {
        each->activate();
        const Pte pte = each->pte(address);
        EXPECT(pte_present(pte) && !pte_write(pte) && !pte_dirty(pte) && !attempt_write(address));
    }
    EXPECT(write(address, 4) && dirty.now() == 1);
    EXPECT(disk.blocks[0][0] == 3 && disk.sync() && disk.blocks[0][0] == 4);
    for (TestMm* each : {&one, &other})
        EXPECT(do_munmap(each->mm(), UserAddr(0), TASK_SIZE & PAGE_MASK).ok());
}

// fork_copy_shared: the child's entry is clean, and has WRITE. It must lose that, too.
void writing_back_finds_clean_entries() {
    ModelledDisk disk;
    TestMm parent;
    const UserAddr address = parent.map_file(disk, 1, RW, MAP_SHARED);
    EXPECT(write(address, 1));
    mm_config.fork_copy_shared = true;
    TestMm child(dup_mm(parent.mm()).value());
    mm_config.fork_copy_shared = false;
    EXPECT(pte_write(child.pte(address)) && !pte_dirty(child.pte(address)));
    EXPECT(disk.sync() && !pte_write(child.pte(address)) && !pte_write(parent.pte(address)));
    EXPECT(write(address, 2) && disk.sync() && disk.blocks[0][0] == 2);
    for (TestMm* each : {&parent, &child})
        EXPECT(do_munmap(each->mm(), address, PAGE_SIZE).ok());
}

void what_was_unmapped_is_written() {
    ModelledDisk disk;
    TestMm test;
    const UserAddr address = test.map_file(disk, 2, RW, MAP_SHARED);
    EXPECT(write(address, 5));
    EXPECT(do_munmap(test.mm(), address, 2 * PAGE_SIZE).ok());
    EXPECT(disk.sync() && disk.blocks[0][0] == 5);
}

void a_private_copy_is_not() {
    ModelledDisk disk;
    const DirtyPages dirty;
    TestMm test;
    const UserAddr address = test.map_file(disk, 1, RW, MAP_PRIVATE);
    EXPECT(read(address) && write(address, 5) && dirty.now() == 0);
    EXPECT(disk.sync() && disk.writes == 0 && value_at(address) == 5 && attempt_write(address, 6));
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
}

void mprotect_leaves_clean_pages_to_the_fault() {
    ModelledDisk disk;
    const DirtyPages dirty;
    TestMm test;
    const UserAddr address = test.map_file(disk, 2, RW, MAP_SHARED), written = address + PAGE_SIZE;
    EXPECT(read(address) && write(written, 1));
    EXPECT(do_mprotect(test.mm(), address, 2 * PAGE_SIZE, PROT_READ).ok());
    EXPECT(do_mprotect(test.mm(), address, 2 * PAGE_SIZE, RW).ok());
    EXPECT(!attempt_write(address) && attempt_write(written, 2) && dirty.now() == 1);
    EXPECT(do_mprotect(test.mm(), address, 2 * PAGE_SIZE, PROT_READ).ok() && disk.sync());
    EXPECT(do_mprotect(test.mm(), address, 2 * PAGE_SIZE, RW).ok());
    EXPECT(!attempt_write(written) && write(written, 3) && disk.sync() && disk.blocks[1][0] == 3);
    EXPECT(do_munmap(test.mm(), address, 2 * PAGE_SIZE).ok());
}

void writes_from_outside_are_noticed() {
    ModelledDisk disk;
    TestMm test;
    const UserAddr address = test.map_file(disk, 1, RW, MAP_SHARED);
    EXPECT(write(address, 1) && disk.sync());
    const u32 value = 2;
    EXPECT(write_remote_memory(test.mm(), address, &value, sizeof value).ok());
    EXPECT(disk.sync() && disk.blocks[0][0] == 2);
    PageRef page; // a page that is held while it is written back, and changed afterwards
    EXPECT(get_user_pages(MmapReadGuard(test.mm()), address, 1, FOLL_WRITE | FOLL_TOUCH, &page).ok() && disk.sync());
    *static_cast<u32*>(page_address(*page)) = 3;
    set_page_dirty(*page);
    EXPECT(disk.sync() && disk.blocks[0][0] == 3);
    page = PageRef();
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
}

// The flusher's work leaves no entry on which the loop with get_user_pages hangs: it takes WRITE away as well.
void gup_repairs_what_was_cleaned() {
    ModelledDisk disk;
    TestMm test;
    const UserAddr address = test.map_file(disk, 1, RW, MAP_SHARED);
    EXPECT(write(address, 1) && disk.sync() && !attempt_write(address));
    EXPECT(gup_for_write(test.mm(), address).ok() && attempt_write(address, 2));
    EXPECT(disk.sync() && disk.blocks[0][0] == 2);
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
}

void errors_concern_their_page() {
    ModelledDisk disk;
    TestMm test;
    for (u32 page = 0; page < ModelledDisk::PAGES; ++page)
        disk.blocks[page][0] = 10 + page;
    disk.ra_pages = ModelledDisk::PAGES;
    disk.bad_to_read = 2;
    const UserAddr address = test.map_file(disk, ModelledDisk::PAGES, RW, MAP_SHARED);
    const auto at = [&](u32 page) { return address + page * PAGE_SIZE; };
    EXPECT(value_at(at(0)) == 10 && disk.reads == 4 && is_cached(disk, 1) && !is_cached(disk, 2)); // all, 0, 1, 2
    EXPECT(value_at(at(3)) == 13 && !read(at(2)) && !write(at(2)));
    EXPECT(fixup_for_write(test.mm(), at(2)).error() == Errno::FAULT);
    disk.bad_to_read = ModelledDisk::NOWHERE;
    EXPECT(value_at(at(2)) == 12);

    ErrSeq::Cursor cursor = disk.wb_err.sample();
    disk.bad_to_write = 1;
    EXPECT(write(at(0), 20) && write(at(1), 21) && write(at(2), 22));
    EXPECT(!disk.sync() && disk.sync() && disk.wb_err.check_and_advance(cursor) &&
           !disk.wb_err.check_and_advance(cursor));
    EXPECT(disk.blocks[0][0] == 20 && disk.blocks[1][0] == 11 && disk.blocks[2][0] == 22);
    EXPECT(value_at(at(1)) == 21 && writeback_stat.nr_writeback == 0);
    ErrSeq::Cursor late = disk.wb_err.sample(); // what was seen is not told to who comes later
    EXPECT(!disk.wb_err.check_and_advance(late));
    EXPECT(do_munmap(test.mm(), address, ModelledDisk::PAGES * PAGE_SIZE).ok());
}

void runs_are_transferred_at_once() {
    ModelledDisk disk;
    TestMm test;
    const UserAddr address = test.map_file(disk, ModelledDisk::PAGES, RW, MAP_SHARED);
    for (const u32 page : {0u, 1u, 2u, 5u})
        EXPECT(write(address + page * PAGE_SIZE, page));
    EXPECT(disk.reads == 4 && disk.sync() && disk.writes == 2 && disk.pages_written == 4);
    EXPECT(invalidate_mapping_pages(disk) == 0); // they are mapped
    EXPECT(do_munmap(test.mm(), address, ModelledDisk::PAGES * PAGE_SIZE).ok());
    EXPECT(invalidate_mapping_pages(disk) == 4 && disk.nr_pages == 0);
    disk.ra_pages = 4;
    disk.reads = disk.pages_read = 0;
    const UserAddr again = test.map_file(disk, ModelledDisk::PAGES, PROT_READ, MAP_SHARED);
    for (u32 page = 0; page < ModelledDisk::PAGES; ++page)
        EXPECT(read(again + page * PAGE_SIZE));
    EXPECT(disk.reads == 2 && disk.pages_read == ModelledDisk::PAGES);
    EXPECT(do_madvise(test.mm(), again, ModelledDisk::PAGES * PAGE_SIZE, MADV_RANDOM).ok());
    EXPECT(do_madvise(test.mm(), again, ModelledDisk::PAGES * PAGE_SIZE, MADV_DONTNEED).ok());
    EXPECT(invalidate_mapping_pages(disk) == ModelledDisk::PAGES);
    EXPECT(read(again) && disk.reads == 3 && disk.nr_pages == 1);
    EXPECT(do_munmap(test.mm(), again, ModelledDisk::PAGES * PAGE_SIZE).ok());
}

// What dirty_limits say, and as they were.
struct Limits {
    u32 background = dirty_limits.background_ratio, ratio = dirty_limits.ratio, expire = dirty_limits.expire_centisecs;
    ~Limits() {
        dirty_limits.background_ratio = background;
        dirty_limits.ratio = ratio;
        dirty_limits.expire_centisecs = expire;
    }
};

void the_flusher_writes_in_time() {
    const Limits as_before;
    ModelledDisk disk;
    TestMm test;
    const UserAddr address = test.map_file(disk, 1, RW, MAP_SHARED);
    EXPECT(write(address, 1));
    dirty_limits.background_ratio = 100;
    dirty_limits.expire_centisecs = 100'000;
    EXPECT(writeback_dirty_files() == 0 && disk.writes == 0); // it is young, and there is little of it
    dirty_limits.expire_centisecs = 0;
    EXPECT(writeback_dirty_files() == 1 && disk.blocks[0][0] == 1);
    EXPECT(writeback_dirty_files() == 0);
    EXPECT(write(address, 2));
    dirty_limits.expire_centisecs = 100'000;
    dirty_limits.background_ratio = 0;
    EXPECT(writeback_dirty_files() == 1 && disk.blocks[0][0] == 2);
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
}

// A task that makes pages dirty beyond the limit writes some first, and without the mmap lock.
void who_dirties_too_much_writes() {
    const Limits as_before;
    ModelledDisk disk;
    TestMm test;
    const UserAddr address = test.map_file(disk, 3, RW, MAP_SHARED);
    EXPECT(write(address, 1) && read(address + PAGE_SIZE));
    dirty_limits.ratio = 0;
    EXPECT(write(address + PAGE_SIZE, 2) && disk.blocks[0][0] == 1);
    EXPECT(write(address + 2 * PAGE_SIZE, 3) && disk.blocks[1][0] == 2);
    dirty_limits.ratio = as_before.ratio;
    EXPECT(disk.sync() && disk.blocks[2][0] == 3);
    EXPECT(do_munmap(test.mm(), address, 3 * PAGE_SIZE).ok());
}

void truncation_forgets_dirty_pages() {
    ModelledDisk disk;
    const DirtyPages dirty;
    const u32 pages = writeback_stat.nr_file_pages;
    TestMm test;
    const UserAddr address = test.map_file(disk, 2, RW, MAP_SHARED);
    EXPECT(write(address, 1) && write(address + PAGE_SIZE, 2) && dirty.now() == 2);
    truncate_pagecache_range(disk, 1, 2);
    EXPECT(dirty.now() == 1 && disk.sync() && disk.blocks[0][0] == 1 && disk.blocks[1][0] == 0);
    EXPECT(value_at(address + PAGE_SIZE) == 0 && writeback_stat.nr_file_pages == pages + 2);
    EXPECT(do_munmap(test.mm(), address, 2 * PAGE_SIZE).ok());
    truncate_inode_pages(disk);
    EXPECT(writeback_stat.nr_file_pages == pages);
}

// It would forget what was written, and zeros would not be there either.
void a_disk_has_no_holes() {
    ModelledDisk disk;
    disk.blocks[0][0] = 1;
    TestMm test;
    const UserAddr address = test.map_file(disk, 1, RW, MAP_SHARED);
    EXPECT(write(address, 2));
    EXPECT(do_madvise(test.mm(), address, PAGE_SIZE, MADV_REMOVE).error() == Errno::OPNOTSUPP);
    EXPECT(value_at(address) == 2 && disk.sync() && disk.blocks[0][0] == 2);
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
}

constexpr Test TESTS[] = {
    {"writeback: the first write faults and makes the page dirty", the_first_write_makes_dirty},
    {"writeback: every entry is cleaned", writing_back_cleans_every_entry},
    {"writeback: entries that are clean and writable are found, too", writing_back_finds_clean_entries},
    {"writeback: what was unmapped is written", what_was_unmapped_is_written},
    {"writeback: a private copy is not", a_private_copy_is_not},
    {"writeback: mprotect leaves clean pages to the fault", mprotect_leaves_clean_pages_to_the_fault},
    {"writeback: writes from outside are noticed", writes_from_outside_are_noticed},
    {"writeback: get_user_pages repairs what was cleaned", gup_repairs_what_was_cleaned},
    {"writeback: errors concern their page", errors_concern_their_page},
    {"writeback: runs are transferred at once", runs_are_transferred_at_once},
    {"writeback: the flusher writes in time", the_flusher_writes_in_time},
    {"writeback: who dirties too much writes", who_dirties_too_much_writes},
    {"writeback: truncation forgets dirty pages", truncation_forgets_dirty_pages},
    {"writeback: a disk has no holes", a_disk_has_no_holes},
};

} // namespace

std::span<const Test> writeback_tests() { return TESTS; }

} // namespace faultline::contract
