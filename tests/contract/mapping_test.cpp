// mprotect, mremap and madvise over pages that are in use.
#include <arch/user_word.hpp>

#include "mm/dup_mm.hpp"
#include "mm/fault.hpp"
#include "mm/madvise.hpp"
#include "mm/mmap.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/page_alloc.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

constexpr u32 RW = PROT_READ | PROT_WRITE;

void round_trip(TestMm& test, UserAddr address, u32 through) {
    EXPECT(do_mprotect(test.mm(), address, PAGE_SIZE, through).ok());
    EXPECT(!attempt_write(address));
    EXPECT(!write(address));
    EXPECT(do_mprotect(test.mm(), address, PAGE_SIZE, RW).ok());
}

void mprotect_keeps_young_and_dirty() {
    TestMm test;
    const UserAddr anon = test.map_anon(1);
    const UserAddr shared = test.map_shared(1);
    EXPECT(write(anon, 1) && write(shared, 2));
    for (const u32 through : {u32{PROT_READ}, u32{PROT_NONE}}) {
        round_trip(test, anon, through);
        round_trip(test, shared, through);
        EXPECT(attempt_write(anon, 1) && attempt_write(shared, 2)); // dirty pages stay writable at once
    }
    EXPECT(value_at(anon) == 1 && value_at(shared) == 2);
}

void mprotect_does_not_dirty() {
    TestMm test;
    const UserAddr shared = test.map_shared(1);
    EXPECT(read(shared));
    round_trip(test, shared, PROT_READ);
    EXPECT(pte_write(test.pte(shared)) && !pte_dirty(test.pte(shared)));
    EXPECT(attempt_write(shared) == may_write(test.pte(shared)));
}

void mprotect_does_not_unshare() {
    TestMm parent;
    const UserAddr address = parent.map_anon(1);
    EXPECT(write(address, 1));
    TestMm child(dup_mm(parent.mm()).value());
    EXPECT(do_mprotect(child.mm(), address, PAGE_SIZE, PROT_READ).ok());
    EXPECT(do_mprotect(child.mm(), address, PAGE_SIZE, RW).ok());
    EXPECT(!pte_write(child.pte(address)));
    EXPECT(write(address, 2));
    parent.activate();
    EXPECT(value_at(address) == 1);
}

void prot_none_denies_the_kernel_too() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    EXPECT(do_mprotect(test.mm(), address, PAGE_SIZE, PROT_NONE).ok());
    EXPECT(!read(address) && !write(address));
    EXPECT(!futex_atomic_op_inuser(FutexAtomicOp::Add, 1, address).ok());
}

void mremap_moves_the_pages() {
    TestMm test;
    const UserAddr old_address = test.map_anon(2);
    EXPECT(write(old_address, 1) && write(old_address + PAGE_SIZE, 2));
    const UserAddr block = test.map_anon(1); // a neighbour, so that the mapping cannot grow in place
    EXPECT(do_mmap(test.mm(), old_address + 2 * PAGE_SIZE, PAGE_SIZE, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, nullptr, true, 0)
               .ok());
    const Result<UserAddr> moved =
        do_mremap(test.mm(), old_address, 2 * PAGE_SIZE, 4 * PAGE_SIZE, MREMAP_MAYMOVE, UserAddr());
    EXPECT(moved.ok() && moved.value() != old_address);
    EXPECT(minor_faults([&] { EXPECT(value_at(*&moved.value()) == 1 && value_at(moved.value() + PAGE_SIZE) == 2); }) ==
           0);
    EXPECT(!read(old_address));
    EXPECT(write(moved.value() + 3 * PAGE_SIZE) && read(block));
}

void dontneed_forgets_private_pages() {
    TestMm test;
    const UserAddr anon = test.map_anon(1);
    const UserAddr shared = test.map_shared(1);
    EXPECT(write(anon, 1) && write(shared, 2));
    EXPECT(do_madvise(test.mm(), anon, PAGE_SIZE, MADV_DONTNEED).ok());
    EXPECT(do_madvise(test.mm(), shared, PAGE_SIZE, MADV_DONTNEED).ok());
    EXPECT(value_at(anon) == 0 && value_at(shared) == 2);
}

void futex_atomics() {
    TestMm test;
    const UserAddr word = test.map_anon(1) + 64;
    EXPECT(write(word, 5));
    const auto op = [&](FutexAtomicOp operation, u32 argument) {
        return futex_atomic_op_inuser(operation, argument, word).value();
    };
    EXPECT(op(FutexAtomicOp::Set, 12) == 5 && value_at(word) == 12);
    EXPECT(op(FutexAtomicOp::Add, 3) == 12 && value_at(word) == 15);
    EXPECT(op(FutexAtomicOp::Or, 0x30) == 15 && value_at(word) == 0x3f);
    EXPECT(op(FutexAtomicOp::Andn, 0x0f) == 0x3f && value_at(word) == 0x30);
    EXPECT(op(FutexAtomicOp::Xor, 0xff) == 0x30 && value_at(word) == 0xcf);
    EXPECT(futex_atomic_op_inuser(FutexAtomicOp{5}, 0, word).error() == Errno::NOSYS);
    EXPECT(futex_atomic_cmpxchg_inatomic(word, 0xcf, 1).value() == 0xcf && value_at(word) == 1);
    EXPECT(futex_atomic_cmpxchg_inatomic(word, 0xcf, 2).value() == 1 && value_at(word) == 1);
    EXPECT(futex_atomic_cmpxchg_inatomic(UserAddr(0x80000000), 0, 1).error() == Errno::FAULT);
}

// On a machine that sets the bits: nothing has to be repaired, unless the page is not there.
void futex_atomics_make_dirty_in_atomic_context() {
    TestMm test;
    const UserAddr clean = test.map_shared(1), absent = test.map_shared(1);
    EXPECT(read(clean) && !pte_dirty(test.pte(clean)));
    PagefaultDisabled atomic;
    EXPECT(futex_atomic_op_inuser(FutexAtomicOp::Add, 1, clean).value() == 0);
    EXPECT(futex_atomic_cmpxchg_inatomic(clean, 1, 2).value() == 1);
    EXPECT(pte_user_writable(test.pte(clean)) && value_at(clean) == 2);
    EXPECT(futex_atomic_op_inuser(FutexAtomicOp::Add, 1, absent).error() == Errno::FAULT);
}

// Atomic accesses fail while the page may not be written, and then they write nothing.
void futex_atomics_fault_in_atomic_context() {
    TestMm test;
    const UserAddr word = test.map_shared(1);
    EXPECT(value_at(word) == 0); // young, clean
    PagefaultDisabled atomic;
    EXPECT(futex_atomic_op_inuser(FutexAtomicOp::Add, 1, word).error() == Errno::FAULT);
    EXPECT(futex_atomic_cmpxchg_inatomic(word, 0, 1).error() == Errno::FAULT);
    EXPECT(value_at(word) == 0);
}

void copies_stop_at_the_fault() {
    TestMm test;
    const UserAddr address = test.map_anon(2);
    EXPECT(do_mprotect(test.mm(), address + PAGE_SIZE, PAGE_SIZE, PROT_NONE).ok());
    u8 buffer[64];
    __builtin_memset(buffer, 0xab, sizeof buffer);
    EXPECT(copy_to_user(address + (PAGE_SIZE - 24), buffer, 64) == 40);
    EXPECT(value_at(address + (PAGE_SIZE - 4)) == 0xabababab);
    EXPECT(copy_from_user(buffer, address + (PAGE_SIZE - 24), 64) == 40);
    EXPECT(clear_user(address + (PAGE_SIZE - 24), 64) == 40);
    EXPECT(value_at(address + (PAGE_SIZE - 24)) == 0);
    EXPECT(copy_to_user(UserAddr(0x80000000), buffer, 1) == 1);
    EXPECT(copy_from_user(buffer, UserAddr(TASK_SIZE - 2), 8) == 8);
    EXPECT(!strncpy_from_user(reinterpret_cast<char*>(buffer), address + (PAGE_SIZE), 8).ok());
    EXPECT(write(address, 0x00434241));
    EXPECT(strncpy_from_user(reinterpret_cast<char*>(buffer), address, 8).value() == 3 && buffer[0] == 'A');
    EXPECT(strncpy_from_user(reinterpret_cast<char*>(buffer), address, 2).value() == 2);
}

constexpr Test TESTS[] = {
    {"mapping: mprotect keeps young and dirty", mprotect_keeps_young_and_dirty},
    {"mapping: mprotect does not dirty a clean page", mprotect_does_not_dirty},
    {"mapping: mprotect does not unshare", mprotect_does_not_unshare},
    {"mapping: PROT_NONE denies the kernel too", prot_none_denies_the_kernel_too},
    {"mapping: mremap moves the pages", mremap_moves_the_pages},
    {"mapping: MADV_DONTNEED forgets private pages", dontneed_forgets_private_pages},
    {"uaccess: futex atomics", futex_atomics},
    {"uaccess: futex atomics fail in atomic context", futex_atomics_fault_in_atomic_context, On::SoftwareBits},
    {"uaccess: futex atomics make dirty in atomic context", futex_atomics_make_dirty_in_atomic_context,
     On::HardwareBits},
    {"uaccess: copies stop at the fault", copies_stop_at_the_fault},
};

} // namespace

std::span<const Test> mapping_tests() { return TESTS; }

} // namespace faultline::contract
