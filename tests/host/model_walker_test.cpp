// The model's walker against words written by hand from the manual.
#include <catch2/catch.hpp>

#include <map>

#include "arch/model/walker.hpp"
#include "tests/golden/descriptors.hpp"
#include "tests/golden/fault_status.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 DIRECTORY = 0x4000'4000;
constexpr u32 TABLE = 0x4000'8400;
constexpr u32 CLIENT_EVERYWHERE = 0x5555'5555;

// A few words of physical memory.
struct Words {
    std::map<u32, u32> words;
    PhysicalWord operator()(u32 address) const {
        const auto found = words.find(address);
        return found != words.end() ? PhysicalWord{true, found->second} : PhysicalWord{};
    }
};

WalkRegisters registers(bool afe = false) {
    return {.ttbr0 = DIRECTORY, .ttbr1 = 0, .ttbcr = 1, .dacr = CLIENT_EVERYWHERE, .afe = afe};
}

// The walk of 0x01234000 through `first`, and `second` if that names TABLE.
WalkResult walk_one(u32 first, u32 second = 0, bool afe = false) {
    const Words memory{{{DIRECTORY + 4 * 0x012, first}, {TABLE + 4 * 0x34, second}}};
    return walk(registers(afe), 0x0123'4000, memory);
}

} // namespace

TEST_CASE("model: the walker reads small pages as the manual draws them") {
    for (const golden::SmallPage& vector : golden::SMALL_PAGES) {
        CAPTURE(vector.raw);
        const WalkResult result = walk_one(TABLE | 1, vector.raw);
        REQUIRE(result.ok);
        CHECK(result.mapping.base == vector.base);
        CHECK(result.mapping.size == 4096);
        CHECK(result.mapping.level == 2);
        CHECK(result.mapping.ap == vector.ap);
        CHECK(result.mapping.ng == (vector.ng != 0));
        CHECK(result.mapping.xn == (vector.xn != 0));
        CHECK_FALSE(result.mapping.pxn);
    }
}

TEST_CASE("model: the walker reads large pages as the manual draws them") {
    for (const golden::LargePage& vector : golden::LARGE_PAGES) {
        CAPTURE(vector.raw);
        const WalkResult result = walk_one(TABLE | 1, vector.raw);
        REQUIRE(result.ok);
        CHECK(result.mapping.base == vector.base);
        CHECK(result.mapping.size == 65536);
        CHECK(result.mapping.ap == vector.ap);
        CHECK(result.mapping.ng == (vector.ng != 0));
        CHECK(result.mapping.xn == (vector.xn != 0));
    }
}

TEST_CASE("model: the walker reads sections as the manual draws them") {
    for (const golden::Section& vector : golden::SECTIONS) {
        CAPTURE(vector.raw);
        const WalkResult result = walk_one(vector.raw);
        REQUIRE(result.ok);
        CHECK(result.mapping.base == vector.base);
        CHECK(result.mapping.size == 1u << 20);
        CHECK(result.mapping.level == 1);
        CHECK(result.mapping.ap == vector.ap);
        CHECK(result.mapping.domain == vector.domain);
        CHECK(result.mapping.ng == (vector.ng != 0));
        CHECK(result.mapping.xn == (vector.xn != 0));
        CHECK(result.mapping.pxn == (vector.pxn != 0));
    }
}

TEST_CASE("model: page-table descriptors give their table, domain and PXN") {
    for (const golden::PageTable& vector : golden::PAGE_TABLES) {
        CAPTURE(vector.raw);
        const Words memory{{{DIRECTORY + 4 * 0x012, vector.raw}, {vector.table + 4 * 0x34, 0x4012'3e7e}}};
        const WalkResult result = walk(registers(), 0x0123'4000, memory);
        REQUIRE(result.ok);
        CHECK(result.mapping.domain == vector.domain);
        CHECK(result.mapping.pxn == (vector.pxn != 0));
    }
}

TEST_CASE("model: walks that find nothing fault on the level where they end") {
    const auto fault = [](WalkResult result) {
        REQUIRE_FALSE(result.ok);
        return fault_status_code(result.fault);
    };
    CHECK(fault(walk_one(0)) == 0x05);
    CHECK(fault(walk_one(0xffff'fffc)) == 0x05);
    CHECK(fault(walk_one(TABLE | 1, 0)) == 0x07);
    CHECK(fault(walk_one(TABLE | 1, 0x4012'3e7e & ~0x10u, true)) == 0x06); // AP[0] clear under AFE
    CHECK(fault(walk_one(0x4001'940e & ~0x400u, 0, true)) == 0x03);
    CHECK(fault(walk(registers(), 0x7fff'f000, Words{})) == 0x0c); // no memory where the directory should be
    CHECK(fault(walk_one(0x5000'0001)) == 0x0e);
    CHECK(fault(walk({.ttbr0 = DIRECTORY, .ttbr1 = 0, .ttbcr = 0x21, .dacr = 0, .afe = false}, 0x8000'0000, Words{})) ==
          0x05); // PD1
}

TEST_CASE("model: TTBCR.N chooses the table and its alignment") {
    u32 address = 0;
    REQUIRE(first_level_address({.ttbr0 = 0x4000'207f, .ttbr1 = 0x4001'0000, .ttbcr = 1}, 0x7ff0'0000, address));
    CHECK(address == 0x4000'2000 + 4 * 0x7ff);
    REQUIRE(first_level_address({.ttbr0 = 0x4000'207f, .ttbr1 = 0x4001'006a, .ttbcr = 1}, 0x8000'0000, address));
    CHECK(address == 0x4001'0000 + 4 * 0x800);
    REQUIRE(first_level_address({.ttbr0 = 0x4000'7fff, .ttbr1 = 0, .ttbcr = 0}, 0xffff'0000, address));
    CHECK(address == 0x4000'4000 + 4 * 0xfff);
    CHECK_FALSE(first_level_address({.ttbr0 = 0, .ttbr1 = 0, .ttbcr = 0x11}, 0, address));
}

TEST_CASE("model: AP grants what the manual's tables say") {
    const auto expect = [](const golden::Permission& row, bool afe) {
        CAPTURE(row.ap, afe);
        const Mapping mapping{.level = 2, .ap = static_cast<u8>(row.ap), .afe = afe};
        CHECK(ap_readable(mapping, true) == row.privileged_read);
        CHECK(ap_writable(mapping, true) == row.privileged_write);
        CHECK(ap_readable(mapping, false) == row.user_read);
        CHECK(ap_writable(mapping, false) == row.user_write);
    };
    for (const golden::Permission& row : golden::PERMISSIONS)
        expect(row, false);
    for (const golden::Permission& row : golden::PERMISSIONS_WITH_ACCESS_FLAG)
        expect(row, true);
}

TEST_CASE("model: domains decide before permissions do") {
    const Mapping mapping{.level = 2, .domain = 3, .ap = 0b000, .xn = true};
    const auto code = [&](u32 dacr, AccessType type) {
        const Verdict verdict = check(mapping, dacr, {.type = type, .privileged = false});
        return verdict.ok ? 0 : fault_status_code(verdict.fault);
    };
    CHECK(code(0x00, AccessType::Read) == 0x0b);   // no access
    CHECK(code(0x80, AccessType::Read) == 0x0b);   // reserved
    CHECK(code(0x40, AccessType::Read) == 0x0f);   // client
    CHECK(code(0xc0, AccessType::Write) == 0);     // manager
    CHECK(code(0xc0, AccessType::Execute) == 0);   // manager: XN is not looked at
    CHECK(code(~0xc0u, AccessType::Read) == 0x0b); // other domains do not matter
}

TEST_CASE("model: execute-never and privileged execute-never") {
    const auto may = [](bool xn, bool pxn, bool privileged) {
        const Mapping mapping{.level = 2, .ap = 0b011, .xn = xn, .pxn = pxn};
        return check(mapping, 1, {.type = AccessType::Execute, .privileged = privileged}).ok;
    };
    CHECK(may(false, false, false));
    CHECK(may(false, false, true));
    CHECK_FALSE(may(true, false, false));
    CHECK_FALSE(may(true, false, true));
    CHECK(may(false, true, false));
    CHECK_FALSE(may(false, true, true));
    const Mapping unreadable{.level = 2, .ap = 0b001};
    CHECK_FALSE(check(unreadable, 1, {.type = AccessType::Execute, .privileged = false}).ok);
}

TEST_CASE("model: fault codes are the manual's") {
    for (const golden::DataFaultStatus& vector : golden::DATA_FAULTS)
        for (const FaultKind kind :
             {FaultKind::Translation, FaultKind::AccessFlag, FaultKind::Permission, FaultKind::Domain})
            if (fault_kind_name(kind) == vector.kind)
                CHECK(fault_status_code({kind, static_cast<u8>(vector.level)}) == vector.fault_status);
}
