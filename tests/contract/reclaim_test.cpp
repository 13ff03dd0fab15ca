// Reclaim: what was not used goes, what was used stays, and nothing that was written is lost.
#include "interleave/modelled_disk.hpp"
#include "mm/lru.hpp"
#include "mm/rmap.hpp"
#include "mm/vmscan.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

constexpr u32 RW = PROT_READ | PROT_WRITE;

// A disk whose pages are all mapped and were all read. Other files of the kernel under test have none in the lists.
struct MappedDisk {
    ModelledDisk disk;
    TestMm test;
    UserAddr address;

    explicit MappedDisk(u32 flags = MAP_SHARED) : address(test.map_file(disk, ModelledDisk::PAGES, RW, flags)) {
        for (u32 page = 0; page < ModelledDisk::PAGES; ++page) {
            disk.blocks[page][0] = 100 + page;
            EXPECT(read(at(page)));
        }
    }
    ~MappedDisk() { EXPECT(do_munmap(test.mm(), address, ModelledDisk::PAGES * PAGE_SIZE).ok()); }

    UserAddr at(u32 page) const { return address + page * PAGE_SIZE; }
    // All pages are inactive and old.
    void age_all() {
        EXPECT(try_to_free_pages(0) == 0);
        const Guard lock(disk.lock);
        for (u32 page = 0; page < ModelledDisk::PAGES; ++page)
            static_cast<void>(page_referenced(disk, *test.page(at(page))));
    }
    u32 cached() { return disk.nr_pages; }
};

void what_was_used_stays() {
    MappedDisk mapped;
    mapped.age_all();
    EXPECT(attempt_read(mapped.at(0)) == may_read(mapped.test.pte(mapped.at(0))));
    EXPECT(read(mapped.at(0)) && read(mapped.at(5)));
    EXPECT(try_to_free_pages(6) == 6 && mapped.cached() == 2);
    EXPECT(mapped.test.page(mapped.at(0)) != nullptr && mapped.test.page(mapped.at(5)) != nullptr);
    EXPECT(pte_none(mapped.test.pte(mapped.at(1))));
    EXPECT(value_at(mapped.at(1)) == 101); // it is read again
}

// The first look clears young, the next one frees.
void everything_has_a_second_chance() {
    MappedDisk mapped;
    const u32 before = vmscan_stat.pgactivate;
    EXPECT(try_to_free_pages(1) == 1);
    EXPECT(vmscan_stat.pgactivate - before != 0 && mapped.cached() == ModelledDisk::PAGES - 1);
}

void a_read_call_counts_as_use() {
    MappedDisk mapped;
    mapped.age_all();
    find_get_page(mapped.disk, 3)->set(PG_REFERENCED); // as read(2) does
    EXPECT(try_to_free_pages(7) == 7 && is_cached(mapped.disk, 3));
}

void dirty_pages_are_written_first() {
    MappedDisk mapped;
    EXPECT(write(mapped.at(2), 7) && write(mapped.at(3), 8));
    mapped.age_all();
    EXPECT(try_to_free_pages(8) == 8 && mapped.cached() == 0);
    EXPECT(mapped.disk.blocks[2][0] == 7 && mapped.disk.blocks[3][0] == 8);
    EXPECT(value_at(mapped.at(2)) == 7 && value_at(mapped.at(3)) == 8);
}

// The error is for the next fsync(2) to tell, as in Linux. The page is clean then, and goes.
void a_page_that_cannot_be_written_takes_no_other_along() {
    MappedDisk mapped;
    EXPECT(write(mapped.at(2), 7) && write(mapped.at(3), 8));
    mapped.disk.bad_to_write = 2;
    mapped.age_all();
    EXPECT(try_to_free_pages(8) == 8);
    mapped.disk.bad_to_write = ModelledDisk::NOWHERE;
    EXPECT(!mapped.disk.sync());
    EXPECT(value_at(mapped.at(3)) == 8 && value_at(mapped.at(2)) == 102);
}

void a_page_in_use_stays() {
    MappedDisk mapped;
    PageRef held;
    EXPECT(get_user_pages(MmapReadGuard(mapped.test.mm()), mapped.at(4), 1, FOLL_TOUCH, &held).ok());
    mapped.age_all();
    EXPECT(try_to_free_pages(8) == 7 && is_cached(mapped.disk, 4));
}

void locked_memory_stays() {
    MappedDisk mapped;
    mapped.age_all();
    {
        const MmapWriteGuard locked(mapped.test.mm());
        vma_lookup(locked, mapped.address)->flags |= VM_LOCKED;
    }
    EXPECT(try_to_free_pages(8) == 0 && mapped.cached() == ModelledDisk::PAGES);
    {
        const MmapWriteGuard locked(mapped.test.mm());
        VmArea& vma = *vma_lookup(locked, mapped.address);
        vma.flags = vma.flags.without(VM_LOCKED);
    }
}

// A private mapping shows a page of the file and a copy. Only the first goes.
void copies_are_left_alone() {
    MappedDisk mapped(MAP_PRIVATE);
    EXPECT(write(mapped.at(1), 9));
    mapped.age_all();
    EXPECT(try_to_free_pages(8) == 8);
    EXPECT(value_at(mapped.at(1)) == 9 && value_at(mapped.at(0)) == 100);
}

void the_lists_are_counted() {
    const u32 before = nr_lru_pages(LRU_INACTIVE_FILE) + nr_lru_pages(LRU_ACTIVE_FILE);
    {
        MappedDisk mapped;
        EXPECT(nr_lru_pages(LRU_INACTIVE_FILE) + nr_lru_pages(LRU_ACTIVE_FILE) - before == ModelledDisk::PAGES);
        EXPECT(try_to_free_pages(3) == 3);
        EXPECT(nr_lru_pages(LRU_INACTIVE_FILE) + nr_lru_pages(LRU_ACTIVE_FILE) - before == ModelledDisk::PAGES - 3);
    }
    EXPECT(nr_lru_pages(LRU_INACTIVE_FILE) + nr_lru_pages(LRU_ACTIVE_FILE) == before);
}

// MADV_PAGEOUT: of the range, what nobody else maps. Dirty pages are written.
void pages_go_on_request() {
    MappedDisk mapped;
    EXPECT(write(mapped.at(1), 7));
    TestMm other;
    const UserAddr elsewhere = other.map_file(mapped.disk, 1, RW, MAP_SHARED);
    EXPECT(read(elsewhere));
    mapped.test.activate();
    EXPECT(do_madvise(mapped.test.mm(), mapped.address, 4 * PAGE_SIZE, MADV_PAGEOUT).ok());
    EXPECT(is_cached(mapped.disk, 0) && !is_cached(mapped.disk, 1) && !is_cached(mapped.disk, 2) &&
           mapped.cached() == 5);
    EXPECT(mapped.disk.blocks[1][0] == 7 && value_at(mapped.at(1)) == 7 && value_at(mapped.at(2)) == 102);
    EXPECT(do_munmap(other.mm(), elsewhere, PAGE_SIZE).ok());
}

constexpr Test TESTS[] = {
    {"reclaim: what was used stays", what_was_used_stays},
    {"reclaim: everything has a second chance", everything_has_a_second_chance},
    {"reclaim: a read call counts as use", a_read_call_counts_as_use},
    {"reclaim: dirty pages are written first", dirty_pages_are_written_first},
    {"reclaim: a page that cannot be written takes no other along", a_page_that_cannot_be_written_takes_no_other_along},
    {"reclaim: a page in use stays", a_page_in_use_stays},
    {"reclaim: locked memory stays", locked_memory_stays},
    {"reclaim: copies are left alone", copies_are_left_alone},
    {"reclaim: the lists are counted", the_lists_are_counted},
    {"reclaim: pages go on request", pages_go_on_request},
};

} // namespace

std::span<const Test> reclaim_tests() { return TESTS; }

} // namespace faultline::contract
