// The descriptors that the walked back end derives: what the walker finds in them, and how they are described.
#include <catch2/catch.hpp>

#include "tests/host/back_end_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0060'3000; // in the second megabyte of a PteTable

} // namespace

TEST_CASE("walked: the walker finds a page exactly where truth lets it be read") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    const Pfn frame = new_frame();
    for (u32 flags = 0; flags <= Pte::FLAGS_MASK >> 4; ++flags) { // the eight flags in use
        CAPTURE(flags);
        const Pte pte(frame, flags);
        space.set(ADDRESS, pte);
        const WalkResult walked = machine.walk_now(0, ADDRESS);
        CHECK(walked.ok == pte_user_readable(pte));
        if (walked.ok) {
            CHECK(walked.mapping.base == frame.address().value());
            CHECK(walked.mapping.ng);
            CHECK(walked.mapping.pxn);
        }
    }
}

TEST_CASE("walked: what is missing decides the kind of fault") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    const Pfn frame = new_frame();
    const auto kind_of_write = [&](u32 flags) {
        space.set(ADDRESS, Pte(frame, flags));
        flush_tlb_page(space.context, UserAddr(ADDRESS));
        return machine.store(ADDRESS, 1, 4, Mode::User).fault.value().kind();
    };
    CHECK(kind_of_write(0) == FaultKind::Translation);
    CHECK(kind_of_write(USER_RW & ~Pte::YOUNG) == FaultKind::Translation);
    CHECK(kind_of_write(USER_RW & ~Pte::USER) == FaultKind::Translation);
    CHECK(kind_of_write(USER_RW & ~Pte::DIRTY) == FaultKind::Permission);
    CHECK(kind_of_write(USER_RW & ~Pte::WRITE) == FaultKind::Permission);
}

TEST_CASE("walked: user pages are cacheable, shareable normal memory") {
    TestMachine machine;
    TestSpace space;
    space.set(ADDRESS, Pte(new_frame(), USER_RW));
    // From ARM DDI 0406C figure B3-5 and table B3-10: TEX 001, C, B, S.
    CHECK((hardware_descriptor(space.context, UserAddr(ADDRESS)).second_level & 0x5cc) == 0x44c);
}

TEST_CASE("walked: an emptied directory slot translates nothing") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    space.set(ADDRESS, Pte(new_frame(), USER_RW));
    REQUIRE(machine.load(ADDRESS, 4, Mode::User).ok());
    pmd_clear(space.context, UserAddr(ADDRESS));
    flush_tlb_page(space.context, UserAddr(ADDRESS));
    CHECK(machine.load(ADDRESS, 4, Mode::User).fault.value().status() == 0x005);
    CHECK(hardware_descriptor(space.context, UserAddr(ADDRESS)).first_level == 0);
    CHECK(hardware_descriptor(space.context, UserAddr(ADDRESS)).second_level == 0);
}

TEST_CASE("walked: descriptors in words") {
    TestMachine machine;
    TestSpace space;
    const auto words = [&](u32 address, std::size_t size = 100) {
        char text[100];
        describe_descriptor(hardware_descriptor(space.context, UserAddr(address)), text, size);
        return std::string(text);
    };
    CHECK(words(ADDRESS) == "no second-level table: every access faults");
    CHECK(words(0xffff'0000) == "no second-level table: every access faults");
    space.set(ADDRESS, Pte(Pfn(0x40123), USER_RO | Pte::NOEXEC));
    CHECK(words(ADDRESS) == "small page at 0x40123000, read-only, XN, PXN, nG, shareable");
    space.set(ADDRESS, Pte(Pfn(0x40123), USER_RW));
    CHECK(words(ADDRESS) == "small page at 0x40123000, read-write, PXN, nG, shareable");
    CHECK(words(ADDRESS, 11) == "small page");
    CHECK(words(ADDRESS, 1).empty());
    space.set(ADDRESS, Pte(Pfn(0x40123), USER_RW & ~Pte::YOUNG));
    CHECK(words(ADDRESS) == "invalid: every access faults");
}
