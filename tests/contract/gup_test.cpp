// get_user_pages against fixup_user_fault: where the first leaves the access impossible, and what the second must do.
#include <optional>

#include "mm/aging.hpp"
#include "mm/mm_struct.hpp"
#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/shmem.hpp"
#include "mm/upcalls.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

void age(TestMm& test) { age_mm(MmapReadGuard(test.mm())); }

// The project in one test: an old page. gup finds it and changes nothing; the access still faults; fixup makes it work.
void old_entry() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    age(test);
    EXPECT(!attempt_write(address));
    EXPECT(gup_for_write(test.mm(), address).ok());
    EXPECT(!attempt_write(address)); // and would not, however often gup is called
    EXPECT(gup_for_write(test.mm(), address).ok());
    EXPECT(!attempt_write(address));
    EXPECT(fixup_for_write(test.mm(), address).ok());
    EXPECT(attempt_write(address));
}

void clean_entry() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(read(address));
    const Pte entry = test.pte(address);
    EXPECT(pte_present(entry) && pte_young(entry) && pte_write(entry) && !pte_dirty(entry));
    EXPECT(gup_for_write(test.mm(), address).ok());
    EXPECT(test.pte(address) == entry); // not touched
    EXPECT(!attempt_write(address));
    EXPECT(fixup_for_write(test.mm(), address).ok());
    EXPECT(attempt_write(address));
}

// Why nobody noticed for two years: on this machine "the page is there" and "the access will work" are the same.
void old_or_clean_entry_on_hardware() {
    TestMm test;
    const UserAddr old = test.map_anon(1), clean = test.map_shared(1);
    EXPECT(write(old) && read(clean));
    age(test);
    for (const UserAddr address : {old, clean}) {
        const Pte entry = test.pte(address);
        EXPECT(!pte_user_writable(entry));
        EXPECT(gup_for_write(test.mm(), address).ok());
        EXPECT(test.pte(address) == entry); // not touched, as on the other machines
        EXPECT(attempt_write(address));
        EXPECT(pte_user_writable(test.pte(address)));
    }
}

// gup marks the page, though it does not mark the entry.
void gup_marks_the_page() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(read(address));
    EXPECT(!test.page(address)->test(PG_DIRTY));
    EXPECT(gup_for_write(test.mm(), address).ok());
    EXPECT(test.page(address)->test(PG_DIRTY) && test.page(address)->test(PG_REFERENCED));
}

void gup_serves_absent_and_write_protected_entries() {
    TestMm test;
    const UserAddr address = test.map_anon(2);
    EXPECT(gup_for_write(test.mm(), address).ok()); // absent: faulted in, dirty and young
    EXPECT(attempt_write(address));
    EXPECT(read(address + PAGE_SIZE)); // the zero page, read-only
    EXPECT(gup_for_write(test.mm(), address + PAGE_SIZE).ok());
    EXPECT(attempt_write(address + PAGE_SIZE));
}

// fault_in=gup_dirty requires young and dirty too, so it does not stop before they are set.
void gup_that_insists_on_access() {
    TestMm test;
    const UserAddr clean = test.map_shared(1);
    EXPECT(read(clean));
    EXPECT(gup_for_write(test.mm(), clean, FOLL_ACCESSIBLE).ok());
    EXPECT(attempt_write(clean));
    const UserAddr old = test.map_anon(1);
    EXPECT(write(old));
    age(test);
    EXPECT(gup_for_write(test.mm(), old, FOLL_ACCESSIBLE).ok());
    EXPECT(attempt_write(old));
}

void gup_takes_references() {
    TestMm test;
    const UserAddr address = test.map_anon(3);
    PageRef pages[3];
    {
        const MmapReadGuard mmap_read(test.mm());
        const Result<u32> taken = get_user_pages(mmap_read, address, 3, FOLL_WRITE, pages);
        EXPECT(taken.ok() && taken.value() == 3);
        const Result<u32> beyond = get_user_pages(mmap_read, address + 2 * PAGE_SIZE, 5, FOLL_WRITE, nullptr);
        EXPECT(beyond.ok() && beyond.value() == 1); // stops at the end of the VMA, with what it has
    }
    EXPECT(do_munmap(test.mm(), address, 3 * PAGE_SIZE).ok());
    for (const PageRef& page : pages) // the references keep them
        EXPECT(page_count(*page) == 1 && page_mapcount(*page) == 0);
}

// Invariant 4: where the write is not permitted, both return FAULT, in bounded time.
void writes_that_may_not_be_made() {
    TestMm test;
    const UserAddr read_only = test.map_anon(1, PROT_READ);
    const UserAddr none = test.map_anon(1, PROT_NONE);
    AddressSpace* file = shmem_new(PAGE_SIZE, "file").value().release();
    const UserAddr past_end = test.map_file(*file, 2, PROT_READ | PROT_WRITE, MAP_SHARED) + PAGE_SIZE;
    put_mapping(*file);
    EXPECT(read(read_only));
    for (const UserAddr address : {read_only, none, past_end, UserAddr(0), UserAddr(TASK_SIZE - PAGE_SIZE)}) {
        EXPECT(fixup_for_write(test.mm(), address).error() == Errno::FAULT);
        EXPECT(gup_for_write(test.mm(), address).error() == Errno::FAULT);
        EXPECT(!write(address));
    }
    EXPECT(!pte_write(test.pte(read_only)));
}

// The first form of the fix: it succeeds without progress on a read-only mapping, and makes a shared page private.
void fixup_2011_on_read_only() {
    TestMm test;
    const UserAddr address = test.map_shared(1, PROT_READ);
    EXPECT(read(address));
    Page* shared = test.page(address);
    for (u32 round = 0; round < 3; ++round) {
        EXPECT(fixup_user_fault_2011(test.mm(), address, FAULT_FLAG_WRITE).ok());
        EXPECT(!attempt_write(address));
    }
    EXPECT(test.page(address) != shared);
}

void fixup_2011_cures_clean_and_old() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(read(address));
    age(test);
    EXPECT(fixup_user_fault_2011(test.mm(), address, FAULT_FLAG_WRITE).ok());
    EXPECT(attempt_write(address));
}

void fixup_of_the_exact_address() {
    TestMm test;
    const UserAddr address = test.map_anon(3);
    EXPECT(fixup_for_write(test.mm(), address + PAGE_SIZE + 12).ok());
    EXPECT(pte_none(test.pte(address)) && pte_none(test.pte(address + 2 * PAGE_SIZE)));
    EXPECT(attempt_write(address + PAGE_SIZE + 12));
}

void fixup_accounts_one_fault() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(minor_faults([&] { EXPECT(fixup_for_write(test.mm(), address).ok()); }) == 1);
    EXPECT(minor_faults([&] { EXPECT(write(address)); }) == 0);
}

// A file whose pages have to be waited for. The test can change the address space meanwhile.
struct SlowFile {
    AddressSpace mapping;
    TestMm* test = nullptr;
    UserAddr unmap_while_reading;
    std::optional<bool> lock_is_free; // what to expect of the mmap lock while the page is read
    bool poisoned = false;

    static Result<void> readahead(AddressSpace& mapping, std::span<Page* const> pages) {
        auto& file = reinterpret_cast<SlowFile&>(mapping);
        for (const Page* page : pages)
            __builtin_memset(page_address(*page), 0x5a, PAGE_SIZE);
        if (file.lock_is_free)
            EXPECT(file.test->mm().mmap_lock.is_locked() != *file.lock_is_free);
        if (file.unmap_while_reading != UserAddr()) {
            EXPECT(!file.test->mm().mmap_lock.is_locked());
            EXPECT(do_munmap(file.test->mm(), file.unmap_while_reading, PAGE_SIZE).ok());
        }
        if (file.poisoned)
            return Err(Errno::IO);
        return {};
    }
    static constexpr AddressSpaceOps OPS = {
        .readahead = readahead,
        .get = [](AddressSpace&) {},
        .put = [](AddressSpace&) {},
        .name = [](AddressSpace&, char*, u32) { return "slow"; },
    };
    explicit SlowFile(TestMm& owner) : test(&owner) {
        mapping.ops = &OPS;
        mapping.size = PAGE_SIZE;
        mapping.inode = next_inode_number();
    }
    ~SlowFile() { truncate_inode_pages(mapping); }
};

void fixup_waits_without_the_lock() {
    TestMm test;
    SlowFile file(test);
    const UserAddr address = test.map_file(file.mapping, 1, PROT_READ | PROT_WRITE, MAP_SHARED);
    const u32 major = current_mm_task().maj_flt;
    file.lock_is_free = true;
    EXPECT(fixup_for_write(test.mm(), address, FAULT_FLAG_ALLOW_RETRY).ok());
    EXPECT(current_mm_task().maj_flt == major + 1);
    EXPECT(attempt_write(address) && value_at(address + 4) == 0x5a5a5a5a);
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
}

void fixup_without_retry_keeps_the_lock() {
    TestMm test;
    SlowFile file(test);
    const UserAddr address = test.map_file(file.mapping, 1, PROT_READ | PROT_WRITE, MAP_SHARED);
    file.lock_is_free = false;
    EXPECT(fixup_for_write(test.mm(), address).ok());
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
}

// The VMA goes away while the lock is dropped: fixup must not use the old one.
void fixup_looks_the_vma_up_again() {
    TestMm test;
    SlowFile file(test);
    const UserAddr address = test.map_file(file.mapping, 1, PROT_READ | PROT_WRITE, MAP_SHARED);
    file.unmap_while_reading = address;
    EXPECT(fixup_for_write(test.mm(), address, FAULT_FLAG_ALLOW_RETRY).error() == Errno::FAULT);
    const MmapReadGuard mmap_read(test.mm());
    EXPECT(!vma_lookup(mmap_read, address));
}

void read_errors_are_fault() {
    TestMm test;
    SlowFile file(test);
    const UserAddr address = test.map_file(file.mapping, 1, PROT_READ | PROT_WRITE, MAP_SHARED);
    file.poisoned = true;
    EXPECT(fixup_for_write(test.mm(), address, FAULT_FLAG_ALLOW_RETRY).error() == Errno::FAULT);
    EXPECT(gup_for_write(test.mm(), address).error() == Errno::FAULT);
    EXPECT(!write(address));
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
}

void errno_mapping_is_in_one_place() {
    EXPECT(vm_fault_to_errno(VM_FAULT_OOM) == Errno::NOMEM);
    EXPECT(vm_fault_to_errno(VM_FAULT_SIGBUS) == Errno::FAULT);
    EXPECT(vm_fault_to_errno(VM_FAULT_SIGSEGV) == Errno::FAULT);
    EXPECT(vm_fault_to_errno(VM_FAULT_HWPOISON) == Errno::FAULT);
    EXPECT(vm_fault_to_errno(VM_FAULT_HWPOISON, true) == Errno::HWPOISON);
}

// --- FOLL_FORCE: writes past the rights of the VMA, as a debugger makes them ---

Result<u32> gup_by_force(MmStruct& mm, UserAddr address, FollFlags more = FOLL_WRITE) {
    return get_user_pages(MmapReadGuard(mm), address, 1, FOLL_FORCE | FOLL_TOUCH | more, nullptr);
}

Result<void> force_write(MmStruct& mm, UserAddr address, u32 value) {
    return write_remote_memory(mm, address, &value, sizeof value, FOLL_FORCE);
}

// The write breaks copy-on-write, and the program still cannot write.
void forced_write_to_read_only() {
    TestMm test;
    const UserAddr address = test.map_anon(1, PROT_READ);
    EXPECT(value_at(address) == 0);
    EXPECT(pte_special(test.pte(address)));
    EXPECT(gup_for_write(test.mm(), address).error() == Errno::FAULT);
    EXPECT(force_write(test.mm(), address, 7).ok());
    EXPECT(value_at(address) == 7);
    const Pte entry = test.pte(address);
    EXPECT(!pte_special(entry) && pte_dirty(entry) && !pte_write(entry));
    EXPECT(!write(address) && value_at(address) == 7);
    EXPECT(*static_cast<const u32*>(page_address(zero_page())) == 0);

    const Page* own = test.page(address); // a page that is the task's own already is not copied again
    EXPECT(force_write(test.mm(), address, 8).ok());
    EXPECT(test.page(address) == own && value_at(address) == 8);
}

void forced_write_to_absent() {
    TestMm test;
    const UserAddr address = test.map_anon(1, PROT_READ);
    EXPECT(force_write(test.mm(), address, 7).ok());
    EXPECT(value_at(address) == 7 && !pte_write(test.pte(address)) && !write(address));
}

void forced_access_to_prot_none() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address, 3));
    EXPECT(do_mprotect(test.mm(), address, PAGE_SIZE, PROT_NONE).ok());
    u32 seen = 0;
    EXPECT(read_remote_memory(test.mm(), &seen, address, sizeof seen).error() == Errno::FAULT);
    EXPECT(read_remote_memory(test.mm(), &seen, address, sizeof seen, FOLL_FORCE).ok() && seen == 3);
    EXPECT(force_write(test.mm(), address, 4).ok());
    EXPECT(!read(address));
    EXPECT(do_mprotect(test.mm(), address, PAGE_SIZE, PROT_READ | PROT_WRITE).ok());
    EXPECT(value_at(address) == 4);
    EXPECT(attempt_write(address)); // it is this task's own page, so mprotect gave WRITE back
}

// The file's page is never written, neither by the first forced write nor by one after the copy was dropped.
void forced_write_to_private_file() {
    TestMm test;
    AddressSpace* file = shmem_new(PAGE_SIZE, "file").value().release();
    const UserAddr shared = test.map_file(*file, 1, PROT_READ | PROT_WRITE, MAP_SHARED);
    const UserAddr priv = test.map_file(*file, 1, PROT_READ, MAP_PRIVATE);
    put_mapping(*file);
    EXPECT(write(shared, 5));
    EXPECT(value_at(priv) == 5 && test.page(priv) == test.page(shared));
    for (u32 round = 1; round <= 2; ++round) {
        EXPECT(force_write(test.mm(), priv, 10 + round).ok());
        EXPECT(value_at(priv) == 10 + round && value_at(shared) == 5);
        EXPECT(do_madvise(test.mm(), priv, PAGE_SIZE, MADV_DONTNEED).ok());
        EXPECT(value_at(priv) == 5);
    }
    EXPECT(!write(priv));
}

// Of a shared mapping no page is ever the task's own: there is nothing that force could break.
void forced_write_to_shared_is_fault() {
    TestMm test;
    const UserAddr read_only = test.map_shared(1, PROT_READ);
    EXPECT(read(read_only));
    EXPECT(gup_by_force(test.mm(), read_only).error() == Errno::FAULT);
    EXPECT(gup_by_force(test.mm(), read_only, FOLL_NONE).ok());
    AddressSpace* file = shmem_new(PAGE_SIZE, "file").value().release();
    const UserAddr never = // opened for reading only
        do_mmap(test.mm(), UserAddr(), PAGE_SIZE, PROT_READ, MAP_SHARED, file, false, 0).value();
    put_mapping(*file);
    EXPECT(read(never) && gup_by_force(test.mm(), never).error() == Errno::FAULT);
    EXPECT(gup_by_force(test.mm(), UserAddr(0)).error() == Errno::FAULT);
}

// After fork both sides have the page, dirty and without WRITE: dirty is no proof that the sharing is broken.
void forced_write_after_fork() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address, 1));
    EXPECT(do_mprotect(test.mm(), address, PAGE_SIZE, PROT_READ).ok());
    MmRef copy = dup_mm(test.mm()).value();
    EXPECT(pte_dirty(test.pte(address)) && !pte_write(test.pte(address)));
    EXPECT(force_write(test.mm(), address, 2).ok());
    EXPECT(value_at(address) == 2);
    {
        TestMm child(std::move(copy));
        EXPECT(value_at(address) == 1);
        EXPECT(force_write(child.mm(), address, 3).ok());
        EXPECT(value_at(address) == 3);
    }
    test.activate();
    EXPECT(value_at(address) == 2);
}

// Two writers at once: a reference of the one does not make the page look shared to the other, whose copy would lose
// the first one's write.
void forced_writes_do_not_copy_each_other() {
    TestMm test;
    const UserAddr address = test.map_anon(1, PROT_READ);
    PageRef first, second;
    const MmapReadGuard mmap_read(test.mm());
    EXPECT(get_user_pages(mmap_read, address, 1, FOLL_FORCE | FOLL_WRITE, &first).ok());
    EXPECT(get_user_pages(mmap_read, address, 1, FOLL_FORCE | FOLL_WRITE, &second).ok());
    EXPECT(first.get() == second.get());
}

constexpr Test TESTS[] = {
    {"gup: an old entry: gup succeeds, the access still faults, fixup makes it work", old_entry, On::SoftwareBits},
    {"gup: a clean entry: gup succeeds, the write still faults, fixup makes it work", clean_entry, On::SoftwareBits},
    {"gup: an old or clean entry: gup succeeds, and the access works", old_or_clean_entry_on_hardware,
     On::HardwareBits},
    {"gup: dirty and accessed go to the page", gup_marks_the_page},
    {"gup: absent and write-protected entries are faulted in", gup_serves_absent_and_write_protected_entries},
    {"gup_dirty: insisting on young and dirty cures both", gup_that_insists_on_access},
    {"gup: references outlive the mapping", gup_takes_references},
    {"fixup: FAULT where the write may not be made", writes_that_may_not_be_made},
    {"fixup_2011: no progress on a read-only mapping", fixup_2011_on_read_only},
    {"fixup_2011: cures clean and old", fixup_2011_cures_clean_and_old},
    {"fixup: the exact address", fixup_of_the_exact_address},
    {"fixup: accounts exactly one fault", fixup_accounts_one_fault},
    {"fixup: waits without the lock", fixup_waits_without_the_lock},
    {"fixup: keeps the lock unless allowed", fixup_without_retry_keeps_the_lock},
    {"fixup: looks the VMA up again after the lock was dropped", fixup_looks_the_vma_up_again},
    {"fixup: an error reading the page is FAULT", read_errors_are_fault},
    {"force: a write to a read-only page breaks copy-on-write, and the entry stays read-only",
     forced_write_to_read_only},
    {"force: a write to a page that is not there yet", forced_write_to_absent},
    {"force: PROT_NONE is read and written", forced_access_to_prot_none},
    {"force: a private mapping's file is not written", forced_write_to_private_file},
    {"force: a shared mapping stays as it is", forced_write_to_shared_is_fault},
    {"force: a dirty page after fork is copied first", forced_write_after_fork},
    {"force: two writers find one page", forced_writes_do_not_copy_each_other},
    {"fixup: result bits become errnos in one place", errno_mapping_is_in_one_place},
};

} // namespace

std::span<const Test> gup_tests() { return TESTS; }

} // namespace faultline::contract
