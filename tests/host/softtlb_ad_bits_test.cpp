// ad_bits=hardware: the machine sets young and dirty, and looks at truth again before it denies an access.
#include <catch2/catch.hpp>

#include "arch/model/check.hpp"
#include "kernel/debug/tlb_check.hpp"
#include "tests/host/back_end_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0060'3000;
const UserAddr PAGE{ADDRESS};
constexpr u32 CLEAN = USER_RW & ~Pte::DIRTY, OLD = USER_RW & ~Pte::YOUNG;

// Two CPUs in one address space. CPU 0 acts.
struct Hardware {
    const WithAdBits bits{AdBits::Hardware};
    TestMachine machine{{.cpus = 2}};
    TestSpace space;

    Hardware() {
        for (const u32 cpu : {1u, 0u}) {
            machine.select_cpu(cpu);
            switch_mm(&space.context);
        }
    }
    bool reads(u32 cpu = 0) {
        machine.select_cpu(cpu);
        return machine.load(ADDRESS, 4, Mode::User).ok();
    }
    bool writes(u32 cpu = 0) {
        machine.select_cpu(cpu);
        return machine.store(ADDRESS, 1, 4, Mode::User).ok();
    }
    u32 descriptor() const { return hardware_descriptor(space.context, PAGE).second_level; }
};

} // namespace

TEST_CASE("softtlb: hardware bits: an access leaves in the entry what it needs, and nothing where it is denied") {
    Hardware test;
    const Pfn frame = new_frame();
    const u32 access = GENERATE(0u, 1u, 2u);
    const AccessType type = access == 0 ? AccessType::Read : access == 1 ? AccessType::Write : AccessType::Execute;
    const bool write = type == AccessType::Write;
    for (u32 flags = 0; flags <= Pte::FLAGS_MASK >> 4; ++flags) { // the eight flags in use
        CAPTURE(flags, access);
        const Pte pte(frame, flags), after = pte_accessed(pte, write);
        const bool may = write                         ? pte_user_writable(after)
                         : type == AccessType::Execute ? pte_user_executable(after)
                                                       : pte_user_readable(after);
        test.space.set(ADDRESS, pte);
        flush_tlb_page(test.space.context, PAGE);
        CHECK(test.machine.translate(ADDRESS, {.type = type, .privileged = false}, Mode::User).ok() == may);
        CHECK(test.space.truth(ADDRESS) == (may ? after : pte));
        CHECK(check_tlb_against_truth(test.space.context).empty());
    }
}

TEST_CASE("softtlb: hardware bits: a page that was only read is read-only in the TLB until it is written") {
    Hardware test;
    test.space.set(ADDRESS, Pte(new_frame(), CLEAN));
    REQUIRE(test.reads());
    const u32 read_only = test.descriptor();
    CHECK_FALSE(pte_dirty(test.space.truth(ADDRESS)));
    REQUIRE(test.writes());
    CHECK(pte_dirty(test.space.truth(ADDRESS)));
    CHECK(test.descriptor() != read_only);
    TlbStatistics statistics;
    REQUIRE(tlb_statistics(CpuId(0), statistics));
    CHECK(statistics.fills == 2);
    CHECK(statistics.spurious == 0); // nobody called the fault handler
}

TEST_CASE("softtlb: hardware bits: an entry older than truth goes unnoticed") {
    const WithTlbRelax lazy(TlbRelax::Lazy);
    Hardware test;
    SECTION("another CPU has written") {
        test.space.set(ADDRESS, Pte(new_frame(), CLEAN));
        REQUIRE(test.reads(1));
        REQUIRE(test.writes(0));
        CHECK(test.writes(1));
    }
    SECTION("another CPU has added WRITE") {
        test.space.set(ADDRESS, Pte(new_frame(), USER_RO));
        REQUIRE(test.reads(1));
        REQUIRE_FALSE(test.writes(1));
        test.machine.select_cpu(0);
        const Pte relaxed = test.space.truth(ADDRESS).with(USER_RW);
        REQUIRE(ptep_set_access_flags(test.space.context, PAGE, test.space.slot(ADDRESS), relaxed, true));
        CHECK(test.writes(1));
    }
    test.machine.select_cpu(0);
}

TEST_CASE("softtlb: hardware bits: after the flush of an old page the next access makes it young again") {
    Hardware test;
    test.space.set(ADDRESS, Pte(new_frame(), USER_RW));
    REQUIRE(test.writes());
    test.space.age(PAGE);
    CHECK_FALSE(pte_young(test.space.truth(ADDRESS)));
    CHECK(test.writes());
    CHECK(pte_young(test.space.truth(ADDRESS)));
}

TEST_CASE("softtlb: hardware bits: the kernel's fetch from a user's page is a fault, and not tried again") {
    Hardware test;
    test.space.set(ADDRESS, Pte(new_frame(), USER_RW));
    const Outcome fetched =
        test.machine.translate(ADDRESS, {.type = AccessType::Execute, .privileged = true}, Mode::Kernel);
    REQUIRE_FALSE(fetched.ok());
    CHECK(fetched.fault->kind() == FaultKind::Permission);
}

TEST_CASE("softtlb: hardware bits: the checker of flushes sets no bit, and still finds what a flush has missed") {
    Hardware test;
    const u32 before = tlb_violations();
    const Pfn frame = new_frame();
    test.space.set(ADDRESS, Pte(frame, OLD & ~Pte::DIRTY));
    {
        const WithCheckedFlushes checked(false);
        flush_tlb_page(test.space.context, PAGE);
        CHECK(test.space.truth(ADDRESS) == Pte(frame, OLD & ~Pte::DIRTY));
        CHECK(tlb_violations() == before);
    }
    const WithCheckedFlushes broken(true);
    REQUIRE(test.writes(1));
    test.machine.select_cpu(0);
    test.space.write_protect(PAGE);
    CHECK(tlb_violations() == before + 1);
    test.machine.select_cpu(1);
    local_flush_tlb_mm(test.space.context);
    test.machine.select_cpu(0);
}
