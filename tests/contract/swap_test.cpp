// Swap: what goes out comes back as it was, whoever shares it, and leaves no slot behind.
#include "interleave/modelled_swap.hpp"
#include "mm/rmap.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/swap_entry.hpp"
#include "mm/swap_state.hpp"
#include "mm/vmscan.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

constexpr u32 RW = PROT_READ | PROT_WRITE;

bool page_out(TestMm& test, UserAddr address, u32 pages = 1) {
    return do_madvise(test.mm(), address, pages * PAGE_SIZE, MADV_PAGEOUT).ok();
}
// Reclaim looks at the page. Whether it is in swap then.
bool reclaim(TestMm& test, UserAddr address) {
    reclaim_page(PageRef::of(*test.page(address)));
    return is_swap_pte(test.pte(address));
}
u32 swapped(TestMm& test) { return get_mm_counter(test.mm(), MM_SWAPENTS); }

// One page of a task's own, with a value.
struct OnePage {
    ModelledSwap swap;
    TestMm test;
    UserAddr address = test.map_anon(1);

    explicit OnePage(u32 value) { EXPECT(write(address, value)); }
    bool is_out() { return is_swap_pte(test.pte(address)); }
};

void a_page_goes_and_comes_back() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address) && one.is_out());
    EXPECT(one.swap.writes == 1 && one.swap.used() == 1 && swapped(one.test) == 1);
    EXPECT(get_mm_counter(one.test.mm(), MM_ANONPAGES) == 0 && !attempt_read(one.address));
    const u32 major = current_mm_task().maj_flt;
    EXPECT(value_at(one.address) == 7 && current_mm_task().maj_flt == major + 1);
    EXPECT(one.swap.reads == 1 && swapped(one.test) == 0);
    EXPECT(entries_found(*one.test.page(one.address)) == 1);
}

// Read back it is young and clean, and waits for its first write. Nobody else has it, so that copies nothing.
void read_back_it_is_clean() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address) && value_at(one.address) == 7);
    const Pte pte = one.test.pte(one.address);
    EXPECT(pte_young(pte) && !pte_dirty(pte) && !pte_write(pte));
    const Page* page = one.test.page(one.address);
    EXPECT(write(one.address, 8) && one.test.page(one.address) == page && value_at(one.address) == 8);
}

void written_back_it_is_dirty_and_has_no_slot() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address) && write(one.address + 4, 8));
    EXPECT(attempt_write(one.address + 4, 9) && value_at(one.address) == 7 && one.swap.used() == 0);
}

// As long as it is not written to, it can go again without being written.
void a_clean_page_is_written_once() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address) && value_at(one.address) == 7 && one.swap.used() == 1);
    EXPECT(page_out(one.test, one.address) && one.is_out() && one.swap.writes == 1);
    EXPECT(value_at(one.address) == 7 && write(one.address, 8));
    EXPECT(page_out(one.test, one.address) && one.is_out() && one.swap.writes == 2 && value_at(one.address) == 8);
}

void unmapped_it_leaves_no_slot() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address));
    EXPECT(do_munmap(one.test.mm(), one.address, PAGE_SIZE).ok() && one.swap.used() == 0 && swapped(one.test) == 0);
}

void with_dontneed_it_is_zeros() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address));
    EXPECT(do_madvise(one.test.mm(), one.address, PAGE_SIZE, MADV_DONTNEED).ok());
    EXPECT(one.swap.used() == 0 && value_at(one.address) == 0);
}

void it_moves_and_its_rights_change() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address));
    const UserAddr to = one.test.map_anon(1);
    EXPECT(do_mremap(one.test.mm(), one.address, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok());
    EXPECT(is_swap_pte(one.test.pte(to)) && do_mprotect(one.test.mm(), to, PAGE_SIZE, PROT_READ).ok());
    EXPECT(value_at(to) == 7 && !write(to, 8));
    EXPECT(do_mprotect(one.test.mm(), to, PAGE_SIZE, RW).ok() && write(to, 8) && value_at(to) == 8);
}

// Both refer to the slot. Each gets what was written before the fork, and keeps what it writes for itself.
void fork_shares_the_slot() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address));
    TestMm child(dup_mm(one.test.mm()).value());
    EXPECT(swapped(child) == 1 && one.swap.used() == 1);
    EXPECT(value_at(one.address) == 7 && write(one.address, 8));
    one.test.activate();
    EXPECT(write(one.address, 9) && value_at(one.address) == 9);
    child.activate();
    EXPECT(value_at(one.address) == 8 && one.swap.reads == 1);
    EXPECT(one.swap.used() == 0);
}

// A page that two show goes from both, and is written once; the first to come back brings it for both.
void a_shared_page_goes_from_all() {
    OnePage one(7);
    TestMm child(dup_mm(one.test.mm()).value());
    EXPECT(!reclaim(one.test, one.address)); // it is young
    EXPECT(reclaim(one.test, one.address));
    EXPECT(one.is_out() && is_swap_pte(child.pte(one.address)) && one.swap.writes == 1 && one.swap.used() == 1);
    EXPECT(value_at(one.address) == 7 && one.swap.reads == 1);
    one.test.activate();
    EXPECT(value_at(one.address) == 7 && one.swap.reads == 1 && one.test.page(one.address) == child.page(one.address));
}

void the_last_to_write_needs_no_copy() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address));
    {
        TestMm child(dup_mm(one.test.mm()).value());
    }
    one.test.activate();
    EXPECT(value_at(one.address) == 7);
    const Page* page = one.test.page(one.address);
    EXPECT(write(one.address, 8) && one.test.page(one.address) == page);
}

void a_slot_that_cannot_be_read_is_sigbus() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address));
    one.swap.broken_to_read = true;
    EXPECT(!read(one.address) && one.is_out());
    EXPECT(gup_for_write(one.test.mm(), one.address).error() == Errno::FAULT);
    one.swap.broken_to_read = false;
    EXPECT(value_at(one.address) == 7);
}

void a_page_that_cannot_be_written_stays() {
    OnePage one(7);
    one.swap.broken_to_write = true;
    EXPECT(page_out(one.test, one.address));
    EXPECT(value_at(one.address) == 7 && write(one.address, 8) && value_at(one.address) == 8);
    EXPECT(one.swap.writes == 0);
    one.swap.broken_to_write = false;
    EXPECT(page_out(one.test, one.address) && one.is_out() && value_at(one.address) == 8);
}

void without_a_slot_it_stays() {
    ModelledSwap swap(3);
    TestMm test;
    const UserAddr address = test.map_anon(4);
    for (u32 page = 0; page < 4; ++page)
        EXPECT(write(address + page * PAGE_SIZE, 10 + page));
    EXPECT(page_out(test, address, 4) && swapped(test) == 2 && nr_swap_pages() == 0);
    for (u32 page = 0; page < 4; ++page)
        EXPECT(value_at(address + page * PAGE_SIZE) == 10 + page);
}

void the_better_area_is_filled_first() {
    ModelledSwap slow(3, 1), fast(2, 5);
    TestMm test;
    const UserAddr address = test.map_anon(3);
    for (u32 page = 0; page < 3; ++page)
        EXPECT(write(address + page * PAGE_SIZE, 10 + page));
    EXPECT(page_out(test, address) && fast.used() == 1 && slow.used() == 0);
    EXPECT(page_out(test, address, 3) && fast.used() == 1 && slow.used() == 2);
    for (u32 page = 0; page < 3; ++page)
        EXPECT(value_at(address + page * PAGE_SIZE) == 10 + page);
}

void bad_slots_are_left_out() {
    ModelledSwap other;
    const u32 bad[] = {2, 3};
    ModelledSwap holes(2);
    EXPECT(holes.off().ok());
    const u32 type = swap_on(holes, {.slots = 5, .bad = bad, .nr_bad = 2}, 9).value();
    SwapInfo info{};
    EXPECT(swap_info(type, info) && info.pages == 2 && info.used == 0);
    const SwapEntry first = get_swap_page(), second = get_swap_page(), third = get_swap_page();
    EXPECT(first == SwapEntry(type, 1) && second == SwapEntry(type, 4) && third.type() == other.type);
    for (const SwapEntry entry : {first, second, third})
        swap_free(entry);
    EXPECT(swap_off(type).ok());
}

void swapoff_brings_all_back() {
    OnePage one(7);
    const UserAddr shared = one.test.map_shared(1);
    EXPECT(write(shared, 9) && page_out(one.test, one.address) && page_out(one.test, shared));
    EXPECT(one.swap.used() == 2);
    EXPECT(one.swap.off().ok() && total_swap_pages() == 0);
    EXPECT(one.test.page(one.address) != nullptr && value_at(one.address) == 7 && value_at(shared) == 9);
}

void swapoff_that_fails_changes_nothing() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address));
    one.swap.broken_to_read = true;
    EXPECT(one.swap.off().error() == Errno::IO && total_swap_pages() == ModelledSwap::SLOTS - 1);
    one.swap.broken_to_read = false;
    EXPECT(one.is_out() && value_at(one.address) == 7);
}

// Memory is so short that each page that comes back takes the place of another one, which has its slot still. It must not go
// there again, or swapoff would never end.
void what_swapoff_has_brought_back_stays() {
    static struct {
        TestMm* test;
        UserAddr address;
        u32 reads;
    } now;
    ModelledSwap swap;
    TestMm test;
    now = {&test, test.map_anon(2), 0};
    EXPECT(write(now.address, 7) && write(now.address + PAGE_SIZE, 8) && page_out(test, now.address, 2));
    swap.reading = [] {
        if (++now.reads > 10) // the test has failed; it ends
            return;
        for (u32 look = 0; look < 4; ++look) // twice each: the first clears young
            if (Page* page = now.test->page(now.address + look % 2 * PAGE_SIZE))
                reclaim_page(PageRef::of(*page));
    };
    EXPECT(swap.off().ok() && now.reads == 2);
    EXPECT(value_at(now.address) == 7 && value_at(now.address + PAGE_SIZE) == 8);
}

// The pages of a tmpfs go, too. What reads one back maps it present and writable, and clean: get_user_pages is content, and the
// write is not.
void shared_memory_comes_back_clean() {
    ModelledSwap swap;
    TestMm test;
    const UserAddr address = test.map_shared(2);
    EXPECT(write(address, 7) && write(address + PAGE_SIZE, 8));
    EXPECT(page_out(test, address) && pte_none(test.pte(address)) && swap.writes == 1 && swap.used() == 1);
    EXPECT(value_at(address) == 7 && swap.used() == 0);
    const Pte pte = test.pte(address);
    EXPECT(pte_young(pte) && pte_write(pte) && !pte_dirty(pte));
    EXPECT(gup_for_write(test.mm(), address).ok() && attempt_write(address) == may_write(pte));
    EXPECT(fixup_for_write(test.mm(), address).ok() && attempt_write(address, 9));
}

void shared_memory_that_is_cut_off_leaves_no_slot() {
    ModelledSwap swap;
    TestMm test;
    const UserAddr address = test.map_shared(2);
    EXPECT(write(address, 7) && write(address + PAGE_SIZE, 8) && page_out(test, address, 2) && swap.used() == 2);
    EXPECT(do_madvise(test.mm(), address, PAGE_SIZE, MADV_REMOVE).ok() && swap.used() == 1);
    EXPECT(value_at(address) == 0 && value_at(address + PAGE_SIZE) == 8);
}

// MADV_FREE: what was not written since may go, and reads as zeros then; without any swap.
void what_is_free_goes() {
    TestMm test;
    const UserAddr address = test.map_anon(2);
    EXPECT(write(address, 7) && write(address + PAGE_SIZE, 8));
    EXPECT(do_madvise(test.mm(), address, 2 * PAGE_SIZE, MADV_FREE).ok());
    EXPECT(value_at(address) == 7 && write(address + PAGE_SIZE, 9));
    EXPECT(page_out(test, address, 2));
    EXPECT(pte_none(test.pte(address)) && value_at(address) == 0 && value_at(address + PAGE_SIZE) == 9);
}

// It was only read: that is a second chance, and not a reason to wait for swap.
void what_is_free_may_be_read() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address, 7) && do_madvise(test.mm(), address, PAGE_SIZE, MADV_FREE).ok() && value_at(address) == 7);
    EXPECT(try_to_free_pages(1) == 1 && pte_none(test.pte(address)) && value_at(address) == 0);
}

void what_is_free_gives_up_its_slot() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address));
    EXPECT(do_madvise(one.test.mm(), one.address, PAGE_SIZE, MADV_FREE).ok());
    EXPECT(one.swap.used() == 0 && value_at(one.address) == 0);
}

void willneed_reads_ahead() {
    OnePage one(7);
    EXPECT(page_out(one.test, one.address));
    EXPECT(do_madvise(one.test.mm(), one.address, PAGE_SIZE, MADV_WILLNEED).ok() && one.swap.reads == 1);
    const u32 faults = minor_faults([&] { EXPECT(value_at(one.address) == 7); });
    EXPECT(faults == 1 && one.swap.reads == 1);
}

void locked_memory_stays_here() {
    OnePage one(7);
    {
        const MmapWriteGuard locked(one.test.mm());
        vma_lookup(locked, one.address)->flags |= VM_LOCKED;
    }
    EXPECT(!reclaim(one.test, one.address) && !reclaim(one.test, one.address) && one.swap.used() == 0);
    {
        const MmapWriteGuard locked(one.test.mm());
        VmArea& vma = *vma_lookup(locked, one.address);
        vma.flags = vma.flags.without(VM_LOCKED);
    }
}

void shared_memory_that_is_locked_stays() {
    ModelledSwap swap;
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(write(address, 7));
    AddressSpace& file = *test.page(address)->mapping.load();
    shmem_set_unevictable(file, true);
    EXPECT(!reclaim(test, address) && !reclaim(test, address) && test.page(address) != nullptr && swap.used() == 0);
    shmem_set_unevictable(file, false);
    EXPECT(page_out(test, address) && swap.used() == 1 && value_at(address) == 7);
}

constexpr Test TESTS[] = {
    {"swap: a page goes and comes back", a_page_goes_and_comes_back},
    {"swap: read back it is clean", read_back_it_is_clean},
    {"swap: written back it is dirty and has no slot", written_back_it_is_dirty_and_has_no_slot},
    {"swap: a clean page is written once", a_clean_page_is_written_once},
    {"swap: unmapped it leaves no slot", unmapped_it_leaves_no_slot},
    {"swap: with MADV_DONTNEED it is zeros", with_dontneed_it_is_zeros},
    {"swap: it moves and its rights change", it_moves_and_its_rights_change},
    {"swap: fork shares the slot", fork_shares_the_slot},
    {"swap: a shared page goes from all", a_shared_page_goes_from_all},
    {"swap: the last to write needs no copy", the_last_to_write_needs_no_copy},
    {"swap: a slot that cannot be read is SIGBUS", a_slot_that_cannot_be_read_is_sigbus},
    {"swap: a page that cannot be written stays", a_page_that_cannot_be_written_stays},
    {"swap: without a slot it stays", without_a_slot_it_stays},
    {"swap: the better area is filled first", the_better_area_is_filled_first},
    {"swap: bad slots are left out", bad_slots_are_left_out},
    {"swap: swapoff brings all back", swapoff_brings_all_back},
    {"swap: what swapoff has brought back stays", what_swapoff_has_brought_back_stays},
    {"swap: swapoff that fails changes nothing", swapoff_that_fails_changes_nothing},
    {"swap: shared memory comes back clean", shared_memory_comes_back_clean},
    {"swap: shared memory that is cut off leaves no slot", shared_memory_that_is_cut_off_leaves_no_slot},
    {"swap: what is free goes", what_is_free_goes},
    {"swap: what is free may be read", what_is_free_may_be_read},
    {"swap: what is free gives up its slot", what_is_free_gives_up_its_slot},
    {"swap: MADV_WILLNEED reads ahead", willneed_reads_ahead},
    {"swap: locked memory stays", locked_memory_stays_here},
    {"swap: shared memory that is locked stays", shared_memory_that_is_locked_stays},
};

} // namespace

std::span<const Test> swap_tests() { return TESTS; }

} // namespace faultline::contract
