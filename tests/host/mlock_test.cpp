// Locked memory, populating, and the limits of an address space.
#include "mm/dup_mm.hpp"
#include "mm/madvise.hpp"
#include "mm/mlock.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/populate.hpp"
#include "tests/host/mmap_fixture.hpp"

namespace faultline {
namespace {

struct LockFixture : MmapFixture {
    // The counts that the mm keeps must be the sums over its VMAs.
    void check_counts() {
        u32 locked = 0, data = 0;
        for (const VmArea& vma : mm.vmas) {
            locked += vma.flags.has(VM_LOCKED) ? vma.pages() : 0;
            data += (vma.flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE ? vma.pages() : 0;
        }
        CHECK((mm.locked_vm == locked && mm.data_vm == data));
    }
};

TEST_CASE_METHOD(LockFixture, "mlock: cuts, joins, counts, brings in") {
    const UserAddr base = anon(8);
    REQUIRE(do_mlock(mm, base + pages(2) + 5, pages(2), 0).ok()); // three pages, whole
    CHECK((mm.locked_vm == 3 && mm.map_count == 3 && get_mm_counter(mm, MM_ANONPAGES) == 3));
    REQUIRE(do_mlock(mm, base + pages(1), pages(5), MLOCK_ONFAULT).ok());
    CHECK((mm.locked_vm == 5 && get_mm_counter(mm, MM_ANONPAGES) == 3));
    check_counts();
    REQUIRE(do_munmap(mm, base + pages(3), pages(1)).ok());
    CHECK(mm.locked_vm == 4);
    CHECK(error_of(do_munlock(mm, base, pages(8))) == Errno::NOMEM); // a hole
    CHECK(mm.locked_vm == 2);                                        // the part before the hole is done
    REQUIRE(do_munlock(mm, base + pages(4), pages(4)).ok());
    CHECK((mm.locked_vm == 0 && mm.map_count == 2));
    check_counts();
}

TEST_CASE_METHOD(LockFixture, "mlock: errors of POSIX, and the limit") {
    const UserAddr base = anon(8), none = anon(1, PROT_NONE);
    CHECK(error_of(do_mlock(mm, none, pages(1), 0)) == Errno::NOMEM);
    do_munlockall(mm);
    CHECK(error_of(do_mlock(mm, base, pages(1), 2)) == Errno::INVAL);
    CHECK(error_of(do_mlock(mm, UserAddr(0x10000), pages(1), 0)) == Errno::NOMEM);
    host.mm_rights.locked = 4;
    CHECK(error_of(do_mlock(mm, base, pages(5), 0)) == Errno::NOMEM);
    CHECK(mm.locked_vm == 0);
    REQUIRE(do_mlock(mm, base, pages(4), 0).ok());
    REQUIRE(do_mlock(mm, base + pages(1), pages(3), 0).ok()); // again: no more than before
    CHECK(error_of(do_mlock(mm, base + pages(3), pages(2), 0)) == Errno::NOMEM);
    CHECK(error_of(map(UserAddr(), pages(1), RW, ANON | MAP_LOCKED)) == Errno::AGAIN);
    CHECK(error_of(do_mremap(mm, base, pages(4), pages(5), MREMAP_MAYMOVE, UserAddr())) == Errno::AGAIN);
    CHECK(error_of(do_mlockall(mm, MCL_CURRENT)) == Errno::NOMEM);
    host.mm_rights.locked = 0; // a limit of less than a page, which is not the same as no limit
    CHECK(error_of(do_mlock(mm, base, pages(1), 0)) == Errno::NOMEM);
    host.mm_rights.may_lock = false;
    CHECK(error_of(do_mlock(mm, base, pages(1), 0)) == Errno::PERM);
    CHECK(error_of(map(UserAddr(), pages(1), RW, ANON | MAP_LOCKED)) == Errno::PERM);
    CHECK(do_munlock(mm, base, pages(4)).ok());
    check_counts();
}

TEST_CASE_METHOD(LockFixture, "mlockall: what is, what will be, and what a child gets") {
    const UserAddr base = anon(2);
    for (const u32 flags : {0u, 4u, 8u})
        CHECK(error_of(do_mlockall(mm, flags)) == Errno::INVAL);
    REQUIRE(do_mlockall(mm, MCL_FUTURE).ok());
    CHECK((mm.locked_vm == 0 && !contract::value_at(base)));
    anon(3);
    CHECK((mm.locked_vm == 3 && get_mm_counter(mm, MM_ANONPAGES) == 3));
    REQUIRE(do_mlockall(mm, MCL_CURRENT | MCL_ONFAULT).ok()); // and MCL_FUTURE is off again
    CHECK(mm.locked_vm == 5);
    anon(1);
    CHECK(mm.locked_vm == 5);
    contract::TestMm child(dup_mm(mm).value());
    CHECK((child.mm().locked_vm == 0 && child.mm().def_flags.none()));
    do_munlockall(mm);
    CHECK(mm.locked_vm == 0);
    check_counts();
}

TEST_CASE_METHOD(LockFixture, "locked memory is not given up by advice, and moves as locked") {
    const UserAddr base = anon(2);
    REQUIRE(do_mlock(mm, base, pages(2), 0).ok());
    for (const u32 advice : {MADV_DONTNEED, MADV_FREE, MADV_COLD, MADV_PAGEOUT})
        CHECK(error_of(do_madvise(mm, base, pages(1), advice)) == Errno::INVAL);
    CHECK(do_madvise(mm, base, pages(1), MADV_DONTNEED_LOCKED).ok());
    CHECK(get_mm_counter(mm, MM_ANONPAGES) == 1);
    const UserAddr to(0x30000000);
    REQUIRE(do_mremap(mm, base, pages(2), pages(4), MREMAP_MAYMOVE | MREMAP_FIXED, to).ok());
    CHECK((mm.locked_vm == 4 && get_mm_counter(mm, MM_ANONPAGES) == 3)); // the new pages are brought in
    const auto moved = do_mremap(mm, to, pages(4), pages(4), MREMAP_MAYMOVE | MREMAP_DONTUNMAP, UserAddr());
    REQUIRE(moved.ok());
    CHECK((mm.locked_vm == 4 && mm.total_vm == 8)); // the range that stays behind is empty and not locked
    CHECK(!flags_of(to).has(VM_LOCKED));
    check_counts();
}

TEST_CASE_METHOD(LockFixture, "mremap: MREMAP_DONTUNMAP leaves the range, empty") {
    const UserAddr base = anon(3);
    REQUIRE(contract::write(base + pages(1), 5));
    const auto moved =
        do_mremap(mm, base + pages(1), pages(1), pages(1), MREMAP_MAYMOVE | MREMAP_DONTUNMAP, UserAddr());
    REQUIRE(moved.ok());
    CHECK((contract::value_at(moved.value()) == 5 && contract::value_at(base + pages(1)) == 0));
    CHECK(mm.total_vm == 4);
}

TEST_CASE_METHOD(LockFixture, "populating: what the program may do, and no more") {
    const UserAddr base = anon(2), read_only = anon(1, PROT_READ), none = anon(1, PROT_NONE);
    CHECK(do_madvise(mm, base, pages(2), MADV_POPULATE_WRITE).ok());
    CHECK((get_mm_counter(mm, MM_ANONPAGES) == 2 && pte_dirty(space.pte(base + pages(1)))));
    CHECK(error_of(do_madvise(mm, read_only, pages(1), MADV_POPULATE_WRITE)) == Errno::INVAL);
    CHECK(do_madvise(mm, read_only, pages(1), MADV_POPULATE_READ).ok());
    CHECK(error_of(do_madvise(mm, none, pages(1), MADV_POPULATE_READ)) == Errno::INVAL);
    CHECK(error_of(do_madvise(mm, UserAddr(0x10000), pages(1), MADV_POPULATE_READ)) == Errno::NOMEM);
}

TEST_CASE_METHOD(LockFixture, "MADV_REMOVE: the file has zeros there") {
    const UserAddr shared = space.map_shared(3);
    for (u32 i = 0; i < 3; ++i)
        REQUIRE(contract::write(shared + pages(i), i + 1));
    CHECK(do_madvise(mm, shared + pages(1), pages(1), MADV_REMOVE).ok());
    CHECK((get_mm_counter(mm, MM_FILEPAGES) == 2 && contract::value_at(shared) == 1 &&
           contract::value_at(shared + pages(1)) == 0 && contract::value_at(shared + pages(2)) == 3));
}

TEST_CASE_METHOD(LockFixture, "limits: address space, data, and what the machine has") {
    const UserAddr base = anon(4);
    host.mm_limits.address_space = 8;
    CHECK(error_of(map(UserAddr(), pages(5))) == Errno::NOMEM);
    CHECK(map(base, pages(8), RW, ANON | MAP_FIXED).ok()); // over what is there: four more
    CHECK(error_of(do_mremap(mm, base, pages(8), pages(9), MREMAP_MAYMOVE, UserAddr())) == Errno::NOMEM);
    host.mm_limits = {.data = 10};
    CHECK(error_of(map(UserAddr(), pages(3))) == Errno::NOMEM);
    const auto read_only = map(UserAddr(), pages(3), PROT_READ);
    REQUIRE(read_only.ok());
    CHECK(error_of(do_mprotect(mm, read_only.value(), pages(3), RW)) == Errno::NOMEM);
    CHECK(do_mprotect(mm, read_only.value(), pages(2), RW).ok());
    host.mm_limits = {};
    const u32 all = 64u << 20; // twice the machine
    CHECK(error_of(map(UserAddr(), all)) == Errno::NOMEM);
    CHECK(error_of(map(UserAddr(), all, RW, MAP_SHARED | MAP_ANONYMOUS)) == Errno::NOMEM);
    CHECK(map(UserAddr(), all, PROT_READ).ok());
    CHECK(map(UserAddr(), all, RW, ANON | MAP_NORESERVE).ok());
    check_counts();
}

} // namespace
} // namespace faultline
