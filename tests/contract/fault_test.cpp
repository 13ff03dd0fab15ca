// What each kind of fault leaves in the entry, what it costs, and that a fault which finds nothing to do is legal.
#include "mm/aging.hpp"
#include "mm/config.hpp"
#include "mm/fault.hpp"
#include "mm/madvise.hpp"
#include "mm/memory.hpp"
#include "mm/mm_struct.hpp"
#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/shmem.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

constexpr u32 RW = PROT_READ | PROT_WRITE;

void anonymous_read_shows_the_zero_page() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(minor_faults([&] { EXPECT(value_at(address) == 0); }) == 1);
    EXPECT(pte_special(test.pte(address)) && !pte_write(test.pte(address)));
    EXPECT(minor_faults([&] { EXPECT(write(address, 7)); }) == 1);
    EXPECT(!pte_special(test.pte(address)) && value_at(address) == 7);
    const UserAddr other = test.map_anon(1);
    EXPECT(value_at(other) == 0); // the zero page is still zero
}

void anonymous_write_is_one_fault() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(minor_faults([&] { EXPECT(write(address)); }) == 1);
    EXPECT(pte_user_writable(test.pte(address)) && test.page(address)->test(PG_ANON));
    EXPECT(minor_faults([&] { EXPECT(write(address) && read(address)); }) == 0);
}

void shared_read_installs_clean_and_writable() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(minor_faults([&] { EXPECT(read(address)); }) == 1);
    EXPECT(test.pte(address).has(Pte::PRESENT | Pte::YOUNG | Pte::WRITE) && !pte_dirty(test.pte(address)));
    EXPECT(minor_faults([&] { EXPECT(write(address)); }) == faults_for_a_bit());
    EXPECT(pte_user_writable(test.pte(address)));
}

void shared_write_is_one_fault() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(minor_faults([&] { EXPECT(write(address)); }) == 1);
    EXPECT(pte_user_writable(test.pte(address)));
}

void private_file_pages_are_copied_when_written() {
    TestMm test;
    AddressSpace* file = shmem_new(2 * PAGE_SIZE, "file").value().release();
    const UserAddr shared = test.map_file(*file, 2, RW, MAP_SHARED);
    const UserAddr own = test.map_file(*file, 2, RW, MAP_PRIVATE);
    put_mapping(*file);
    EXPECT(write(shared, 1) && write(shared + PAGE_SIZE, 2));
    EXPECT(value_at(own) == 1);
    EXPECT(test.page(own) == test.page(shared) && !pte_write(test.pte(own)));
    EXPECT(write(own, 10));             // read first, then written
    EXPECT(write(own + PAGE_SIZE, 20)); // written at once
    EXPECT(value_at(shared) == 1 && value_at(shared + PAGE_SIZE) == 2);
    EXPECT(value_at(own) == 10 && value_at(own + PAGE_SIZE) == 20);
}

void fault_around_maps_cached_neighbours_clean() {
    TestMm test;
    AddressSpace* file = shmem_new(32 * PAGE_SIZE, "file").value().release();
    const UserAddr first = test.map_file(*file, 32, RW, MAP_SHARED);
    for (u32 page = 0; page < 32; ++page)
        EXPECT(write(first + page * PAGE_SIZE));
    const UserAddr second = test.map_file(*file, 32, RW, MAP_SHARED);
    put_mapping(*file);
    const UserAddr touched = UserAddr((second.value() + 16 * PAGE_SIZE) & ~(16 * PAGE_SIZE - 1)); // a window's start
    EXPECT(minor_faults([&] { EXPECT(read(touched)); }) == 1);
    const Pte neighbour = test.pte(touched + 3 * PAGE_SIZE);
    EXPECT(pte_present(neighbour) == mm_config.fault_around);
    if (mm_config.fault_around) {
        EXPECT(pte_young(neighbour) && pte_write(neighbour) && !pte_dirty(neighbour));
        EXPECT(minor_faults([&] { EXPECT(read(touched + 15 * PAGE_SIZE)); }) == 0);
    }
}

void without_fault_around_every_page_faults() {
    const bool before = mm_config.fault_around;
    mm_config.fault_around = false;
    fault_around_maps_cached_neighbours_clean();
    mm_config.fault_around = before;
}

void an_old_page_costs_one_fault() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address, 5));
    age_mm(MmapReadGuard(test.mm()));
    EXPECT(pte_present(test.pte(address)) && !pte_young(test.pte(address)) && pte_dirty(test.pte(address)));
    EXPECT(test.page(address)->test(PG_REFERENCED));
    EXPECT(minor_faults([&] { EXPECT(value_at(address) == 5); }) == faults_for_a_bit());
    EXPECT(minor_faults([&] { EXPECT(write(address)); }) == 0); // dirty was kept
}

void cleaning_moves_dirty_to_the_page() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(write(address, 9));
    EXPECT(!test.page(address)->test(PG_DIRTY));
    clean_page_range(MmapReadGuard(test.mm()), address, address + PAGE_SIZE);
    EXPECT(test.page(address)->test(PG_DIRTY));
    EXPECT(!pte_dirty(test.pte(address)) && !pte_write(test.pte(address)));
    EXPECT(read(address) && !attempt_write(address));
    EXPECT(minor_faults([&] { EXPECT(write(address, 10)); }) == 1);
    EXPECT(pte_user_writable(test.pte(address)) && value_at(address) == 10);
}

void unmapping_moves_dirty_to_the_page() {
    TestMm test;
    AddressSpace* file = shmem_new(PAGE_SIZE, "file").value().release();
    const UserAddr address = test.map_file(*file, 1, RW, MAP_SHARED);
    EXPECT(write(address, 3));
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
    const PageRef page = find_get_page(*file, 0);
    EXPECT(page && page->test(PG_DIRTY) && page_mapcount(*page) == 0);
    put_mapping(*file);
}

void lazyfree_makes_clean_and_old() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    EXPECT(do_madvise(test.mm(), address, PAGE_SIZE, MADV_FREE).ok());
    const Pte pte = test.pte(address);
    EXPECT(pte_present(pte) && pte_write(pte) && !pte_dirty(pte) && !pte_young(pte));
    EXPECT(attempt_read(address) == may_read(pte) && !pte_dirty(test.pte(address)));
    EXPECT(write(address) && pte_dirty(test.pte(address)));
}

// Another CPU may have handled the fault, or relaxed the entry and flushed only its own TLB. Then there is nothing to
// do, and no panic.
void spurious_faults_are_legal() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    const Pte before = test.pte(address);
    const MmapReadGuard mmap_read(test.mm());
    const FoundVma vma = vma_lookup(mmap_read, address);
    EXPECT(handle_mm_fault(mmap_read, *vma, address, FAULT_FLAG_WRITE) == VM_FAULT_NONE);
    EXPECT(handle_mm_fault(mmap_read, *vma, address, FAULT_FLAG_NONE) == VM_FAULT_NONE);
    EXPECT(test.pte(address) == before && attempt_write(address));
}

// What do_page_fault() tells the abort handler: try again, send a signal (and which one), use the fixup, or oops.
void outcomes() {
    TestMm test;
    const UserAddr read_only = test.map_anon(1, PROT_READ);
    const auto page_fault = [](u32 address, u32 access) {
        return do_page_fault({address, FaultKind::Translation, access});
    };
    const auto user_fault = [&](u32 address, u32 access) { return page_fault(address, FaultInfo::USER | access); };
    const auto is_bad = [](FaultOutcome outcome, BadAccess reason) {
        return outcome.action() == FaultOutcome::Signal && outcome.reason() == reason;
    };
    EXPECT(user_fault(read_only.value(), FaultInfo::READ).action() == FaultOutcome::Retry);
    EXPECT(is_bad(user_fault(read_only.value(), FaultInfo::WRITE), BadAccess::NotAllowed));
    EXPECT(is_bad(user_fault(read_only.value(), FaultInfo::EXECUTE), BadAccess::NotAllowed)); // no VM_EXEC
    EXPECT(is_bad(user_fault(0, FaultInfo::READ), BadAccess::NotMapped));
    EXPECT(is_bad(user_fault(0x80000000, FaultInfo::READ), BadAccess::NotMapped));
    EXPECT(is_bad(user_fault(0xffff0000, FaultInfo::WRITE), BadAccess::NotMapped));

    EXPECT(page_fault(0x1000, FaultInfo::WRITE).action() == FaultOutcome::Fixup);
    EXPECT(page_fault(0x80000000, FaultInfo::WRITE).action() == FaultOutcome::Oops);
    EXPECT(page_fault(read_only.value(), FaultInfo::WRITE | FaultInfo::EXECUTE).action() == FaultOutcome::Oops); // PXN
    {
        PagefaultDisabled atomic;
        EXPECT(page_fault(read_only.value(), FaultInfo::READ).action() == FaultOutcome::Fixup);
    }
}

// fault_in=trap repairs what the entry itself permits, even with faults disabled, and nothing else.
void trap_repairs_what_the_entry_permits() {
    TestMm test;
    const UserAddr clean = test.map_shared(1);
    const UserAddr old = test.map_anon(1);
    const UserAddr read_only = test.map_anon(1, PROT_READ);
    const UserAddr absent = test.map_anon(1);
    EXPECT(read(clean) && write(old) && read(read_only));
    age_page_range(MmapReadGuard(test.mm()), old, old + PAGE_SIZE);
    mm_config.repair_in_trap = true;
    EXPECT(attempt_write(clean));
    EXPECT(attempt_write(old));
    EXPECT(!attempt_write(read_only));
    EXPECT(!attempt_write(absent) && pte_none(test.pte(absent)));
    mm_config.repair_in_trap = false;
}

void files_that_end_are_sigbus() {
    TestMm test;
    AddressSpace* file = shmem_new(PAGE_SIZE + 10, "file").value().release();
    const UserAddr address = test.map_file(*file, 3, RW, MAP_SHARED);
    EXPECT(write(address + PAGE_SIZE + 8)); // the last page is whole
    EXPECT(!write(address + 2 * PAGE_SIZE));
    truncate_setsize(*file, 100);
    EXPECT(!read(address + PAGE_SIZE) && pte_none(test.pte(address + PAGE_SIZE)));
    EXPECT(write(address + 104, 1));
    truncate_setsize(*file, 50);
    EXPECT(value_at(address + 104) == 0); // the tail of the last page is zeroed
    put_mapping(*file);
}

constexpr Test TESTS[] = {
    {"fault: an anonymous read shows the zero page", anonymous_read_shows_the_zero_page},
    {"fault: an anonymous write is one fault", anonymous_write_is_one_fault},
    {"fault: a shared read installs clean and writable", shared_read_installs_clean_and_writable},
    {"fault: a shared write is one fault", shared_write_is_one_fault},
    {"fault: private file pages are copied when written", private_file_pages_are_copied_when_written},
    {"fault: fault-around maps cached neighbours, clean", fault_around_maps_cached_neighbours_clean},
    {"fault: without fault-around every page faults", without_fault_around_every_page_faults},
    {"fault: an old page costs one fault at most and keeps dirty", an_old_page_costs_one_fault},
    {"fault: cleaning moves dirty to the page", cleaning_moves_dirty_to_the_page},
    {"fault: unmapping moves dirty to the page", unmapping_moves_dirty_to_the_page},
    {"fault: MADV_FREE makes clean and old", lazyfree_makes_clean_and_old},
    {"fault: spurious faults are legal", spurious_faults_are_legal},
    {"fault: outcomes for the abort handler", outcomes},
    {"fault: trap repairs what the entry permits", trap_repairs_what_the_entry_permits},
    {"fault: past the end of a file", files_that_end_are_sigbus},
};

} // namespace

std::span<const Test> fault_tests() { return TESTS; }

} // namespace faultline::contract
