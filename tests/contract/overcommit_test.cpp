// Promised memory: what counts, what is refused, and that the count is the same afterwards; and the limits of a tmpfs.
#include "mm/brk.hpp"
#include "mm/dup_mm.hpp"
#include "mm/mmap.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/overcommit.hpp"
#include "mm/page_alloc.hpp"
#include "mm/stack.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

constexpr u32 RW = PROT_READ | PROT_WRITE;
constexpr u32 ANON = MAP_PRIVATE | MAP_ANONYMOUS;

// The settings as they were, and all promises as they were, at the end of a test.
class Promises {
  public:
    Promises() = default;
    ~Promises() {
        overcommit.memory = memory_;
        overcommit.ratio = ratio_;
        overcommit.kbytes = kbytes_;
        EXPECT(more() == 0);
    }
    Promises(const Promises&) = delete;
    Promises& operator=(const Promises&) = delete;

    u32 more() const { return vm_memory_committed() - before_; } // than at the beginning

    // Mode 2, with `pages` left for promises.
    void leave(u32 pages) {
        overcommit.memory = OVERCOMMIT_NEVER;
        overcommit.kbytes = (vm_memory_committed() + pages + 1) * (PAGE_SIZE / 1024);
    }

  private:
    u32 before_ = vm_memory_committed();
    u32 memory_ = overcommit.memory, ratio_ = overcommit.ratio, kbytes_ = overcommit.kbytes;
};

UserAddr map(TestMm& test, u32 pages, u32 prot, u32 flags) {
    return do_mmap(test.mm(), UserAddr(), pages * PAGE_SIZE, prot, flags, nullptr, true, 0).value();
}

void what_is_promised() {
    const Promises promises;
    TestMm test;
    const UserAddr written = map(test, 8, RW, ANON);
    EXPECT(promises.more() == 8);
    const UserAddr read_only = map(test, 8, PROT_READ, ANON);
    EXPECT(promises.more() == 8);
    const UserAddr unreserved = map(test, 8, RW, ANON | MAP_NORESERVE);
    EXPECT(promises.more() == 8);
    EXPECT(do_mprotect(test.mm(), read_only + 2 * PAGE_SIZE, 3 * PAGE_SIZE, RW).ok());
    EXPECT(promises.more() == 11);
    EXPECT(do_mprotect(test.mm(), read_only, 8 * PAGE_SIZE, PROT_READ).ok()); // what was promised stays
    EXPECT(promises.more() == 11);
    EXPECT(do_mprotect(test.mm(), unreserved, 8 * PAGE_SIZE, PROT_NONE).ok());
    EXPECT(do_mprotect(test.mm(), unreserved, 8 * PAGE_SIZE, RW).ok());
    EXPECT(promises.more() == 11);
    EXPECT(do_munmap(test.mm(), written + 3 * PAGE_SIZE, PAGE_SIZE).ok());
    EXPECT(promises.more() == 10);
    const auto moved = do_mremap(test.mm(), written, 3 * PAGE_SIZE, 9 * PAGE_SIZE, MREMAP_MAYMOVE, UserAddr());
    EXPECT(moved.ok() && promises.more() == 16);
    EXPECT(do_mremap(test.mm(), moved.value(), 9 * PAGE_SIZE, PAGE_SIZE, 0, UserAddr()).ok());
    EXPECT(promises.more() == 8);
    EXPECT(
        do_mremap(test.mm(), moved.value(), PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, UserAddr()).ok());
    EXPECT(promises.more() == 9);
}

void shared_memory_is_promised_once() {
    const Promises promises;
    TestMm parent;
    const UserAddr shared = map(parent, 8, RW, MAP_SHARED | MAP_ANONYMOUS);
    EXPECT(promises.more() == 8 && write(shared));
    {
        TestMm child(dup_mm(parent.mm()).value());
        EXPECT(promises.more() == 8);
        EXPECT(do_munmap(parent.mm(), shared, 8 * PAGE_SIZE).ok());
        EXPECT(promises.more() == 8);
    }
    parent.activate();
    EXPECT(promises.more() == 0);
    const UserAddr unreserved = map(parent, 8, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE);
    EXPECT(promises.more() == 0 && write(unreserved) && promises.more() == 1); // page by page
}

void growth_is_promised() {
    const Promises promises;
    TestMm test;
    const UserAddr top(0x50000000);
    test.mm().start_brk = test.mm().brk = UserAddr(0x10000000);
    EXPECT(setup_stack_vma(test.mm(), top, 2 * PAGE_SIZE).ok());
    EXPECT(promises.more() == 2 && write(top - 6 * PAGE_SIZE) && promises.more() == 6);
    EXPECT(do_brk(test.mm(), test.mm().brk + 5 * PAGE_SIZE, false) == test.mm().start_brk + 5 * PAGE_SIZE);
    EXPECT(promises.more() == 11);
    EXPECT(do_brk(test.mm(), test.mm().start_brk + PAGE_SIZE, false) == test.mm().start_brk + PAGE_SIZE);
    EXPECT(promises.more() == 7);
}

// What is refused has changed nothing; what fits exactly is granted.
void strict_refuses() {
    Promises promises;
    TestMm test;
    const UserAddr top(0x50000000);
    test.mm().start_brk = test.mm().brk = UserAddr(0x10000000);
    EXPECT(setup_stack_vma(test.mm(), top, PAGE_SIZE).ok());
    const UserAddr own = map(test, 6, RW, ANON), none = map(test, 6, PROT_NONE, ANON);
    EXPECT(write(own, 7));
    const u32 before = promises.more();
    promises.leave(5);
    const auto refused = [&](const auto& result) {
        return !result.ok() && result.error() == Errno::NOMEM && promises.more() == before;
    };
    MmStruct& mm = test.mm();
    EXPECT(refused(do_mmap(mm, UserAddr(), 6 * PAGE_SIZE, RW, ANON, nullptr, true, 0)));
    EXPECT(refused(do_mmap(mm, UserAddr(), 6 * PAGE_SIZE, RW, ANON | MAP_NORESERVE, nullptr, true, 0)));
    EXPECT(refused(do_mmap(mm, UserAddr(), 6 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, nullptr, true, 0)));
    EXPECT(refused(do_mremap(mm, own, 6 * PAGE_SIZE, 12 * PAGE_SIZE, MREMAP_MAYMOVE, UserAddr())));
    EXPECT(refused(do_mremap(mm, own, 6 * PAGE_SIZE, 6 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, UserAddr())));
    EXPECT(refused(do_mprotect(mm, none, 6 * PAGE_SIZE, RW)));
    EXPECT(refused(dup_mm(mm)));
    EXPECT(do_brk(mm, mm.brk + 6 * PAGE_SIZE, false) == mm.start_brk && promises.more() == before);
    EXPECT(!write(top - 7 * PAGE_SIZE) && promises.more() == before);
    EXPECT(value_at(own) == 7);
    // To the last page.
    EXPECT(do_mprotect(mm, none, 5 * PAGE_SIZE, RW).ok());
    EXPECT(promises.more() == before + 5 && !do_mprotect(mm, none + 5 * PAGE_SIZE, PAGE_SIZE, RW).ok());
    // In place of what is there, which goes first.
    EXPECT(do_mmap(mm, own, 6 * PAGE_SIZE, RW, ANON | MAP_FIXED, nullptr, true, 0).ok());
    EXPECT(promises.more() == before + 5 && value_at(own) == 0);
}

void always_and_guess() {
    const Promises promises;
    TestMm test;
    const u32 beyond = (nr_total_pages() + 1) * PAGE_SIZE;
    EXPECT(!do_mmap(test.mm(), UserAddr(), beyond, RW, ANON, nullptr, true, 0).ok());
    EXPECT(do_mmap(test.mm(), UserAddr(), beyond, RW, ANON | MAP_NORESERVE, nullptr, true, 0).ok());
    EXPECT(do_mmap(test.mm(), UserAddr(), beyond - PAGE_SIZE, RW, ANON, nullptr, true, 0)
               .ok()); // each by itself is looked at
    overcommit.memory = OVERCOMMIT_ALWAYS;
    EXPECT(do_mmap(test.mm(), UserAddr(), beyond, RW, ANON, nullptr, true, 0).ok());
}

// A tmpfs that is full: SIGBUS for a hole, whether read or written, and no page is missing afterwards.
void a_full_file_system() {
    const Promises promises;
    ShmemSbInfo* sb = shmem_sb_new(2, 0);
    AddressSpace* file = shmem_new(4 * PAGE_SIZE, "file").value().release();
    file->sb = sb; // it has no pages yet; what it was promised as a whole is given back with it
    {
        TestMm test;
        const UserAddr at = test.map_file(*file, 4, RW, MAP_SHARED);
        EXPECT(write(at) && read(at + PAGE_SIZE) && sb->used_blocks == 2);
        EXPECT(!write(at + 2 * PAGE_SIZE) && !read(at + 3 * PAGE_SIZE) && sb->used_blocks == 2);
        EXPECT(write(at, 5) && value_at(at) == 5);
        truncate_pagecache_range(*file, 0, 1);
        EXPECT(sb->used_blocks == 1 && write(at + 2 * PAGE_SIZE) && !write(at));
        truncate_setsize(*file, PAGE_SIZE);
        EXPECT(sb->used_blocks == 0);
        const UserAddr copy = test.map_file(*file, 1, RW, MAP_PRIVATE);
        sb->max_blocks = 1;
        EXPECT(write(copy, 3) && sb->used_blocks == 1); // the file's page, which the copy is made of
    }
    put_mapping(*file);
    EXPECT(sb->used_blocks == 0);
    shmem_sb_put(*sb);
}

// An address space whose pages have been taken shows none any more, not even zeros.
void an_unstable_address_space() {
    TestMm test;
    const UserAddr at = test.map_anon(2), shared = test.map_shared(1);
    EXPECT(write(at) && write(shared));
    test.mm().flags.fetch_or(MMF_UNSTABLE);
    EXPECT(write(at, 2) && value_at(at) == 2); // a page that is there
    EXPECT(!read(at + PAGE_SIZE) && !write(at + PAGE_SIZE));
    EXPECT(!gup_for_write(test.mm(), at + PAGE_SIZE).ok());
}

constexpr Test TESTS[] = {
    {"promised memory: private and writable, from mmap to the end of the process", what_is_promised},
    {"promised memory: shared memory once, however many map it", shared_memory_is_promised_once},
    {"promised memory: heap and stack as they grow", growth_is_promised},
    {"promised memory: mode 2 refuses what does not fit, and grants the last page", strict_refuses},
    {"promised memory: mode 0 looks at each mapping by itself, mode 1 at none", always_and_guess},
    {"tmpfs: a fault for a hole of a full one is SIGBUS", a_full_file_system},
    {"reaping: an absent page of a reaped address space is SIGBUS", an_unstable_address_space},
};

} // namespace

std::span<const Test> overcommit_tests() { return TESTS; }

} // namespace faultline::contract
