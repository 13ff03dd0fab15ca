// What makes two words one futex, and what cannot be a futex at all.
#include <catch2/catch.hpp>

#include "mm/mprotect.hpp"
#include "mm/shmem.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

constexpr auto SHARED = FutexScope::Shared;
constexpr auto READ = FutexAccess::Read;
constexpr auto WRITE = FutexAccess::Write;

FutexKey key_of(UserAddr address, FutexScope scope, FutexAccess access = READ) {
    FutexKey key;
    REQUIRE(get_futex_key(address, scope, access, key).ok());
    return key;
}

// Why there is no key; Errno{}: there is one.
Errno refused(UserAddr address, FutexScope scope, FutexAccess access) {
    FutexKey key;
    return get_futex_key(address, scope, access, key).error();
}

} // namespace

TEST_CASE("futex key: one shared page at two addresses is one futex, two words of it are two") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    AddressSpace* file = shmem_new(2 * PAGE_SIZE, "file").value().release();
    const UserAddr one = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file, 2);
    const UserAddr other = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file, 2);
    put_mapping(*file);
    test.run(mm, [&] {
        CHECK(key_of(one, SHARED) == key_of(other, SHARED));
        CHECK(key_of(one, SHARED) != key_of(one + 4, SHARED));
        CHECK(key_of(one, SHARED) != key_of(one + PAGE_SIZE, SHARED));
        CHECK(key_of(one, FutexScope::Private) != key_of(other, FutexScope::Private));
        CHECK(key_of(one, FutexScope::Private) != key_of(one, SHARED)); // the two kinds do not mix
    });
}

TEST_CASE("futex key: one address in two address spaces") {
    FutexHost test;
    MmStruct& parent = test.new_mm();
    const UserAddr shared = FutexHost::map_shared(parent), own = FutexHost::map_private(parent);
    FutexKey parent_shared, parent_own, parent_private;
    test.run(parent, [&] {
        parent_shared = key_of(shared, SHARED);
        parent_own = key_of(own, SHARED);
        parent_private = key_of(shared, FutexScope::Private);
    });
    MmStruct& child = test.fork(parent);
    test.run(child, [&] {
        CHECK(key_of(shared, SHARED) == parent_shared);
        CHECK(key_of(own, SHARED) != parent_own);
        CHECK(key_of(shared, FutexScope::Private) != parent_private);
        CHECK(parent_own.kind == FutexKey::Kind::SharedMm);
    });
}

TEST_CASE("futex key: a shared key brings absent pages in dirty, and leaves present ones alone") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr absent = FutexHost::map_shared(mm), clean = FutexHost::map_shared(mm);
    test.run(mm, [&] {
        key_of(absent, SHARED);
        CHECK(pte_user_writable(FutexHost::entry(mm, absent)));
        test.load(clean);
        const Pte before = FutexHost::entry(mm, clean);
        REQUIRE_FALSE(pte_dirty(before));
        key_of(clean, SHARED, WRITE);
        CHECK(FutexHost::entry(mm, clean) == before);
        CHECK(test.faultins() == 0);
    });
}

TEST_CASE("futex key: addresses that are none") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr page = FutexHost::map_private(mm);
    const UserAddr read_only = FutexHost::map(mm, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
    const UserAddr shared_read_only = FutexHost::map_shared(mm, PROT_READ);
    test.run(mm, [&] {
        for (const FutexScope scope : {FutexScope::Private, SHARED}) {
            CHECK(refused(page + 2, scope, READ) == Errno::INVAL);
            CHECK(refused(UserAddr(0x8000'0000), scope, READ) == Errno::FAULT);
            CHECK(refused(UserAddr(0xffff'fffc), scope, READ) == Errno::FAULT);
            CHECK(refused(UserAddr(TASK_SIZE), scope, READ) == Errno::FAULT);
        }
        CHECK(refused(UserAddr(0), SHARED, READ) == Errno::FAULT);
        CHECK(refused(UserAddr(0), FutexScope::Private, READ) == Errno{}); // the memory is not read
        CHECK(refused(read_only, SHARED, READ) == Errno::FAULT);
        // Written once, then made read-only: there is a page, but a later write could put another one in its place.
        test.store(page, 1);
        REQUIRE(do_mprotect(mm, page, PAGE_SIZE, PROT_READ).ok());
        CHECK(refused(page, SHARED, READ) == Errno::FAULT);
        CHECK(refused(shared_read_only, SHARED, READ) == Errno{});
        CHECK(refused(shared_read_only, SHARED, WRITE) == Errno::FAULT);
    });
}

TEST_CASE("futex key: a truncated file has no futexes where it was, though the word had the expected value") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    AddressSpace* file = shmem_new(PAGE_SIZE, "file").value().release();
    const UserAddr word = FutexHost::map(mm, FutexHost::RW, MAP_SHARED, file);
    test.run(mm, [&] {
        test.store(word, 7);
        truncate_setsize(*file, 0);
        CHECK(futex(FUTEX_WAIT, word, 7).error() == Errno::FAULT);
        CHECK(futex(FUTEX_WAIT | PRIVATE, word, 7).error() == Errno::FAULT);
        CHECK(futex(FUTEX_WAKE, word, 1).error() == Errno::FAULT);
        CHECK(futex(FUTEX_WAKE_OP | PRIVATE, word, 1, 1, word, ADD_1).error() == Errno::FAULT);
        CHECK(queued(word) == 0);
    });
    put_mapping(*file);
}
