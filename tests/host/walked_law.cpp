// The law of the software bits, from truth to what the modelled hardware permits: every combination of flags.
#include <catch2/catch.hpp>

#include "tests/host/walked_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0060'3000; // in the second megabyte of a PteTable

bool may(Machine& machine, AccessType type, Mode mode) {
    return machine.translate(ADDRESS, {.type = type, .privileged = mode == Mode::Kernel}, mode).ok();
}

} // namespace

TEST_CASE("walked: the hardware permits exactly what truth permits") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    const Pfn frame = new_frame();

    for (u32 flags = 0; flags <= Pte::FLAGS_MASK >> 4; ++flags) { // the eight flags in use
        CAPTURE(flags);
        const Pte pte(frame, flags);
        space.set(ADDRESS, pte);
        flush_tlb_page(space.context, UserAddr(ADDRESS));

        CHECK(may(machine, AccessType::Read, Mode::User) == pte_user_readable(pte));
        CHECK(may(machine, AccessType::Write, Mode::User) == pte_user_writable(pte));
        CHECK(may(machine, AccessType::Execute, Mode::User) == pte_user_executable(pte));
        // The kernel gets no more, and never executes.
        CHECK(may(machine, AccessType::Read, Mode::Kernel) == pte_user_readable(pte));
        CHECK(may(machine, AccessType::Write, Mode::Kernel) == pte_user_writable(pte));
        CHECK_FALSE(may(machine, AccessType::Execute, Mode::Kernel));
        // The same, asked of each fresh TLB fill alone.
        flush_tlb_page(space.context, UserAddr(ADDRESS));
        CHECK(may(machine, AccessType::Write, Mode::Kernel) == pte_user_writable(pte));
        flush_tlb_page(space.context, UserAddr(ADDRESS));
        CHECK_FALSE(may(machine, AccessType::Execute, Mode::Kernel));

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
        return machine.store(ADDRESS, 1, 4, Mode::User).fault.value().kind;
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

TEST_CASE("walked: all of a task's addresses reach their own descriptor") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    const u32 addresses[] = {0,           0x000f'f000, 0x0010'0000, 0x001f'f000,
                             0x0020'0000, 0x3ff0'1000, 0x7eef'f000, TASK_SIZE - PAGE_SIZE};
    for (const u32 address : addresses) {
        const Pfn frame = new_frame();
        space.set(address, Pte(frame, USER_RW));
        REQUIRE(machine.store(address + 8, ~address, 4, Mode::User).ok());
        CHECK(machine.memory.read_word(frame.address().value() + 8).value == ~address);
    }
    for (const u32 address : addresses)
        CHECK(machine.load(address + 8, 4, Mode::User).value == ~address);
    CHECK_FALSE(machine.load(0x0010'1000, 4, Mode::User).ok());
}

TEST_CASE("walked: an emptied directory slot translates nothing") {
    TestMachine machine;
    TestSpace space;
    switch_mm(&space.context);
    space.set(ADDRESS, Pte(new_frame(), USER_RW));
    REQUIRE(machine.load(ADDRESS, 4, Mode::User).ok());
    pmd_clear(space.context, UserAddr(ADDRESS));
    flush_tlb_page(space.context, UserAddr(ADDRESS));
    CHECK(machine.load(ADDRESS, 4, Mode::User).fault.value().status == 0x005);
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
