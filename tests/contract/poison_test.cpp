// Lost memory: who comes for what it held is told, who can have it from elsewhere gets it from there, and the frame is used no more.
#include "interleave/modelled_disk.hpp"
#include "interleave/modelled_swap.hpp"
#include "mm/memory_failure.hpp"
#include "mm/rmap.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/swap_entry.hpp"
#include "mm/swapfile.hpp"
#include "mm/vmscan.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

constexpr u32 RW = PROT_READ | PROT_WRITE;

Result<void> advise(TestMm& test, UserAddr address, u32 advice, u32 pages = 1) {
    return do_madvise(test.mm(), address, pages * PAGE_SIZE, advice);
}
bool is_lost(Pte pte) { return is_swap_pte(pte) && is_hwpoison_entry(pte_to_swp_entry(pte)); }

FaultOutcome touch(UserAddr address, bool write = false) {
    return do_page_fault(
        {address.value(), FaultKind::Translation, FaultInfo::USER | u32{write ? FaultInfo::WRITE : FaultInfo::READ}});
}
bool signals(UserAddr address, BadAccess reason, bool write = false) {
    const FaultOutcome outcome = touch(address, write);
    return outcome.action() == FaultOutcome::Signal && outcome.reason() == reason;
}

// A page that a test poisons, whose frame is good again at the end.
class Victim {
  public:
    Victim(TestMm& test, UserAddr address) : frame_(test.page(address)), corrupted_(num_poisoned_pages) {
        EXPECT(frame_ != nullptr && advise(test, address, MADV_HWPOISON).ok());
        EXPECT(frame_->test(PG_HWPOISON) && page_mapcount(*frame_) == 0 && num_poisoned_pages == corrupted_ + 1);
    }
    ~Victim() {
        EXPECT(page_count(*frame_) == 1 && !frame_->test(PG_LRU | PG_ISOLATED | PG_SWAPCACHE));
        unpoison_memory(*frame_);
        EXPECT(num_poisoned_pages == corrupted_);
    }
    Victim(const Victim&) = delete;
    Victim& operator=(const Victim&) = delete;

    const Page& frame() const { return *frame_; }

  private:
    Page* frame_;
    u32 corrupted_;
};

struct LostAnon {
    TestMm test;
    UserAddr address = test.map_anon(1);
    bool written = write(address, 7);
    Victim victim{test, address};
};

void an_anonymous_page_is_lost() {
    LostAnon lost;
    EXPECT(is_lost(lost.test.pte(lost.address)) && !attempt_read(lost.address));
    EXPECT(get_mm_counter(lost.test.mm(), MM_ANONPAGES) == 0 && get_mm_counter(lost.test.mm(), MM_SWAPENTS) == 0);
    EXPECT(signals(lost.address, BadAccess::Lost) && signals(lost.address, BadAccess::Lost, true));
    EXPECT(!read(lost.address) && !write(lost.address));
}

void who_asks_for_the_page_is_told() {
    LostAnon lost;
    MmStruct& mm = lost.test.mm();
    u32 word = 0;
    EXPECT(gup_for_write(mm, lost.address).error() == Errno::FAULT);
    EXPECT(gup_for_write(mm, lost.address, FOLL_HWPOISON).error() == Errno::HWPOISON);
    EXPECT(fixup_for_write(mm, lost.address).error() == Errno::FAULT);
    EXPECT(fixup_user_fault_2011(mm, lost.address, FAULT_FLAG_WRITE).error() == Errno::HWPOISON);
    EXPECT(read_remote_memory(mm, &word, lost.address, sizeof word).error() == Errno::FAULT);
    EXPECT(write_remote_memory(mm, lost.address, &word, sizeof word, FOLL_FORCE).error() == Errno::FAULT);
    EXPECT(advise(lost.test, lost.address, MADV_POPULATE_READ).error() == Errno::HWPOISON);
    EXPECT(advise(lost.test, lost.address, MADV_HWPOISON).error() == Errno::FAULT);
}

void its_neighbours_stay() {
    TestMm test;
    const UserAddr address = test.map_anon(3);
    for (u32 page = 0; page < 3; ++page)
        EXPECT(write(address + page * PAGE_SIZE, 10 + page));
    const Victim victim(test, address + PAGE_SIZE);
    EXPECT(value_at(address) == 10 && value_at(address + 2 * PAGE_SIZE) == 12 && !read(address + PAGE_SIZE));
}

void unmapped_it_is_forgotten() {
    LostAnon lost;
    EXPECT(do_munmap(lost.test.mm(), lost.address, PAGE_SIZE).ok());
    const UserAddr next = lost.test.map_anon(1);
    EXPECT(next == lost.address && value_at(next) == 0 && write(next, 8) &&
           lost.test.page(next) != &lost.victim.frame());
}

void given_up_it_is_zeros() {
    for (const u32 advice : {MADV_DONTNEED, MADV_FREE}) {
        LostAnon lost;
        EXPECT(advise(lost.test, lost.address, advice).ok());
        EXPECT(pte_none(lost.test.pte(lost.address)) && value_at(lost.address) == 0);
    }
}

void other_advice_leaves_it() {
    LostAnon lost;
    for (const u32 advice : {MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED})
        EXPECT(advise(lost.test, lost.address, advice).ok() && is_lost(lost.test.pte(lost.address)));
    EXPECT(do_mprotect(lost.test.mm(), lost.address, PAGE_SIZE, PROT_READ).ok());
    EXPECT(signals(lost.address, BadAccess::Lost) && signals(lost.address, BadAccess::NotAllowed, true));
}

void it_moves() {
    LostAnon lost;
    const UserAddr to = lost.test.map_anon(1);
    EXPECT(do_mremap(lost.test.mm(), lost.address, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok());
    EXPECT(is_lost(lost.test.pte(to)) && !read(to) && signals(lost.address, BadAccess::NotMapped));
}

void a_child_gets_the_entry() {
    LostAnon lost;
    TestMm child(dup_mm(lost.test.mm()).value());
    EXPECT(is_lost(child.pte(lost.address)) && signals(lost.address, BadAccess::Lost));
    EXPECT(get_mm_counter(child.mm(), MM_ANONPAGES) == 0 && get_mm_counter(child.mm(), MM_SWAPENTS) == 0);
}

void all_who_share_it_lose_it() {
    TestMm test;
    const UserAddr address = test.map_anon(2);
    EXPECT(write(address, 7) && write(address + PAGE_SIZE, 8));
    TestMm child(dup_mm(test.mm()).value());
    EXPECT(write(address + PAGE_SIZE, 9)); // a copy of its own
    test.activate();
    const Victim shared(test, address), own(test, address + PAGE_SIZE);
    EXPECT(is_lost(test.pte(address)) && is_lost(child.pte(address)) && is_lost(test.pte(address + PAGE_SIZE)));
    child.activate();
    EXPECT(!read(address) && value_at(address + PAGE_SIZE) == 9);
}

void locked_memory_is_lost_as_well() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address, 7));
    {
        const MmapWriteGuard locked(test.mm());
        vma_lookup(locked, address)->flags |= VM_LOCKED;
    }
    const Victim victim(test, address);
    EXPECT(is_lost(test.pte(address)));
    const MmapWriteGuard locked(test.mm());
    VmArea& vma = *vma_lookup(locked, address);
    vma.flags = vma.flags.without(VM_LOCKED);
}

void the_page_of_zeros_is_not_lost() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(advise(test, address, MADV_HWPOISON).error() == Errno::BUSY && value_at(address) == 0);
    EXPECT(!zero_page().test(PG_HWPOISON) && advise(test, address, MADV_HWPOISON, 0).ok());
    constexpr u32 SOFT_OFFLINE = 101; // a page that may fail soon: it would have to move
    EXPECT(advise(test, address, SOFT_OFFLINE).error() == Errno::INVAL);
}

// A disk whose first page is mapped and was read.
struct LostOfDisk {
    ModelledDisk disk;
    TestMm test;
    UserAddr address = test.map_file(disk, 1, RW, MAP_SHARED);
    explicit LostOfDisk(bool dirty) {
        disk.blocks[0][0] = 7;
        EXPECT(value_at(address) == 7 && (!dirty || write(address, 8)));
    }
    ~LostOfDisk() { EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok()); }
};

void a_clean_page_of_a_disk_is_read_again() {
    LostOfDisk lost(false);
    const Victim victim(lost.test, lost.address);
    EXPECT(pte_none(lost.test.pte(lost.address)) && !is_cached(lost.disk, 0));
    EXPECT(value_at(lost.address) == 7 && lost.disk.pages_read == 2 && lost.test.page(lost.address) != &victim.frame());
    EXPECT(write(lost.address, 9) && lost.disk.sync() && lost.disk.blocks[0][0] == 9);
}

void a_dirty_page_of_a_disk_is_lost() {
    LostOfDisk lost(true);
    const Victim victim(lost.test, lost.address);
    EXPECT(is_lost(lost.test.pte(lost.address)) && signals(lost.address, BadAccess::Lost));
    EXPECT(!lost.disk.sync() && lost.disk.sync() && lost.disk.blocks[0][0] == 7);
    EXPECT(writeback_stat.nr_file_dirty == 0 && lost.disk.nr_pages == 0);
    const UserAddr again = lost.test.map_file(lost.disk, 1, RW, MAP_SHARED);
    EXPECT(value_at(again) == 7 && do_munmap(lost.test.mm(), again, PAGE_SIZE).ok());
}

void a_private_copy_is_lost_alone() {
    ModelledDisk disk;
    disk.blocks[0][0] = 7;
    TestMm test;
    const UserAddr own = test.map_file(disk, 1, RW, MAP_PRIVATE), all = test.map_file(disk, 1, RW, MAP_SHARED);
    EXPECT(write(own + 4, 8) && value_at(all) == 7);
    {
        const Victim victim(test, own);
        EXPECT(is_lost(test.pte(own)) && test.page(all) != nullptr && is_cached(disk, 0));
        EXPECT(advise(test, own, MADV_DONTNEED).ok() && value_at(own) == 7 && value_at(own + 4) == 0);
    }
    EXPECT(do_munmap(test.mm(), own, PAGE_SIZE).ok() && do_munmap(test.mm(), all, PAGE_SIZE).ok());
}

// Whoever maps the file, and whenever: it must not read zeros where something was.
void shared_memory_is_lost_until_it_is_cut_off() {
    TestMm test;
    const UserAddr address = test.map_shared(2);
    EXPECT(write(address, 7) && write(address + PAGE_SIZE, 8));
    TestMm child(dup_mm(test.mm()).value());
    EXPECT(value_at(address) == 7);
    test.activate();
    const u32 shared = nr_shmem;
    const Victim victim(test, address);
    EXPECT(is_lost(child.pte(address)) && nr_shmem == shared - 1);
    EXPECT(signals(address, BadAccess::Lost) && value_at(address + PAGE_SIZE) == 8);
    EXPECT(advise(test, address, MADV_DONTNEED).ok() && pte_none(test.pte(address)));
    EXPECT(!read(address) && !write(address) && signals(address, BadAccess::Lost));
    EXPECT(gup_for_write(test.mm(), address, FOLL_HWPOISON).error() == Errno::HWPOISON);
    EXPECT(advise(test, address, MADV_REMOVE).ok() && value_at(address) == 0 && write(address, 9));
    child.activate();
    EXPECT(value_at(address) == 9);
}

struct InSwapCache {
    ModelledSwap swap;
    TestMm test;
    UserAddr address = test.map_anon(1);
    // Read back, the page is clean, and keeps its slot.
    InSwapCache() {
        EXPECT(write(address, 7) && advise(test, address, MADV_PAGEOUT).ok());
        EXPECT(is_swap_pte(test.pte(address)) && value_at(address) == 7 && swap.used() == 1);
    }
};

void what_is_in_its_slot_is_not_lost() {
    InSwapCache cached;
    const Victim victim(cached.test, cached.address);
    EXPECT(swap_slot_of(cached.test.pte(cached.address)) != SwapEntry() && cached.swap.used() == 1);
    EXPECT(value_at(cached.address) == 7 && cached.test.page(cached.address) != &victim.frame());
}

// Reclaim cannot write it, so the page stays in the swap cache, dirty, and one of its entries refers to the slot.
void what_is_not_in_its_slot_is_lost() {
    ModelledSwap swap;
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address, 7));
    swap.broken_to_write = true;
    EXPECT(advise(test, address, MADV_PAGEOUT).ok());
    swap.broken_to_write = false;
    TestMm child(dup_mm(test.mm()).value());
    test.activate();
    EXPECT(swap_slot_of(test.pte(address)) != SwapEntry() && swap.writes == 0 && value_at(address) == 7);
    const Victim victim(test, address);
    EXPECT(swap_slot_of(child.pte(address)) != SwapEntry() && swap.used() == 1);
    EXPECT(signals(address, BadAccess::Lost) && is_lost(test.pte(address)));
    EXPECT(swap.off().ok() && is_lost(child.pte(address)));
    EXPECT(get_mm_counter(child.mm(), MM_SWAPENTS) == 0);
}

void swapoff_passes_what_is_lost() {
    ModelledSwap swap;
    TestMm test;
    const UserAddr address = test.map_anon(2), shared = test.map_shared(1);
    EXPECT(write(address, 7) && write(address + PAGE_SIZE, 8) && write(shared, 9));
    const Victim anon(test, address), of_file(test, shared);
    EXPECT(advise(test, address, MADV_PAGEOUT, 2).ok() && swap.used() == 1);
    EXPECT(swap.off().ok() && value_at(address + PAGE_SIZE) == 8 && !read(address) && !read(shared));
}

void lost_pages_are_in_no_list() {
    ModelledSwap swap;
    TestMm test;
    const UserAddr address = test.map_anon(1), shared = test.map_shared(1);
    EXPECT(write(address, 7) && write(shared, 8));
    reclaim_page(PageRef::of(*test.page(address))); // it is in a list now
    EXPECT(test.page(address)->test(PG_LRU));
    const Victim anon(test, address), of_file(test, shared);
    EXPECT(!anon.frame().test(PG_LRU) && !of_file.frame().test(PG_LRU));
    for (u32 round = 0; round < 4; ++round)
        try_to_free_pages(8);
    EXPECT(!anon.frame().test(PG_LRU | PG_SWAPCACHE));
}

void a_frame_is_taken_by_its_number() {
    TestMm test;
    const UserAddr address = test.map_anon(1), shared = test.map_shared(1);
    EXPECT(write(address, 7) && write(shared, 8));
    Page &anon = *test.page(address), &of_file = *test.page(shared);
    EXPECT(hard_offline_page(page_to_pfn(anon)).ok() && hard_offline_page(page_to_pfn(of_file)).ok());
    EXPECT(is_lost(test.pte(address)) && signals(address, BadAccess::Lost) && signals(shared, BadAccess::Lost));
    EXPECT(hard_offline_page(page_to_pfn(anon)).error() == Errno::HWPOISON);
    EXPECT(hard_offline_page(page_to_pfn(zero_page())).error() == Errno::BUSY);
    EXPECT(hard_offline_page(mem.min_low_pfn + mem.max_mapnr).error() == Errno::NXIO);
    unpoison_memory(anon);
    unpoison_memory(of_file);
}

// One in the middle of a block of the buddy lists, and one that a CPU keeps for itself.
void a_free_frame_is_not_given_away() {
    Page* block = alloc_pages(2);
    EXPECT(block != nullptr);
    Page& frame = block[1];
    put_page(*block);
    const u32 free = nr_free_pages();
    EXPECT(hard_offline_page(page_to_pfn(frame)).ok() && frame.test(PG_HWPOISON) && nr_free_pages() == free - 1);
    Page* again = alloc_pages(2);
    EXPECT(again != nullptr && (&frame < again || &frame >= again + 4));
    put_page(*again);
    unpoison_memory(frame);
    EXPECT(nr_free_pages() == free);

    PageRef single = alloc_page(GFP_KERNEL);
    Page& kept = *single;
    single = PageRef();
    EXPECT(hard_offline_page(page_to_pfn(kept)).ok() && kept.test(PG_HWPOISON) && nr_free_pages() == free - 1);
    unpoison_memory(kept);
    EXPECT(nr_free_pages() == free);
}

constexpr Test TESTS[] = {
    {"poison: an anonymous page is lost", an_anonymous_page_is_lost},
    {"poison: who asks for the page is told", who_asks_for_the_page_is_told},
    {"poison: its neighbours stay", its_neighbours_stay},
    {"poison: unmapped it is forgotten", unmapped_it_is_forgotten},
    {"poison: given up it is zeros", given_up_it_is_zeros},
    {"poison: other advice leaves it", other_advice_leaves_it},
    {"poison: it moves", it_moves},
    {"poison: a child gets the entry", a_child_gets_the_entry},
    {"poison: all who share it lose it", all_who_share_it_lose_it},
    {"poison: locked memory is lost as well", locked_memory_is_lost_as_well},
    {"poison: the page of zeros is not lost", the_page_of_zeros_is_not_lost},
    {"poison: a clean page of a disk is read again", a_clean_page_of_a_disk_is_read_again},
    {"poison: a dirty page of a disk is lost", a_dirty_page_of_a_disk_is_lost},
    {"poison: a private copy is lost alone", a_private_copy_is_lost_alone},
    {"poison: shared memory is lost until it is cut off", shared_memory_is_lost_until_it_is_cut_off},
    {"poison: what is in its slot is not lost", what_is_in_its_slot_is_not_lost},
    {"poison: what is not in its slot is lost", what_is_not_in_its_slot_is_lost},
    {"poison: swapoff passes what is lost", swapoff_passes_what_is_lost},
    {"poison: lost pages are in no list", lost_pages_are_in_no_list},
    {"poison: a frame is taken by its number", a_frame_is_taken_by_its_number},
    {"poison: a free frame is not given away", a_free_frame_is_not_given_away},
};

} // namespace

std::span<const Test> poison_tests() { return TESTS; }

} // namespace faultline::contract
