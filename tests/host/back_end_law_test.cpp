// The law of the software bits, from truth to what the modelled hardware permits: every combination of flags.
#include <catch2/catch.hpp>

#include "tests/host/back_end_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0060'3000; // in the second megabyte of a PteTable

bool may(Machine& machine, AccessType type, Mode mode) {
    return machine.translate(ADDRESS, {.type = type, .privileged = mode == Mode::Kernel}, mode).ok();
}

} // namespace

TEST_CASE("back end: the hardware permits exactly what truth permits") {
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
        // The kernel may do no more than the program, and never executes.
        CHECK(may(machine, AccessType::Read, Mode::Kernel) == pte_user_readable(pte));
        CHECK(may(machine, AccessType::Write, Mode::Kernel) == pte_user_writable(pte));
        CHECK_FALSE(may(machine, AccessType::Execute, Mode::Kernel));
        // The same for single accesses, each with a fresh TLB fill.
        flush_tlb_page(space.context, UserAddr(ADDRESS));
        CHECK(may(machine, AccessType::Write, Mode::Kernel) == pte_user_writable(pte));
        flush_tlb_page(space.context, UserAddr(ADDRESS));
        CHECK_FALSE(may(machine, AccessType::Execute, Mode::Kernel));
    }
}

TEST_CASE("back end: all of a task's addresses reach their own page") {
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
