// The descriptor encoder and decoder against words written by hand from the manual.
#include <catch2/catch.hpp>

#include "arch/armv7/short_descriptor.hpp"
#include "tests/golden/descriptors.hpp"

using namespace faultline;
using namespace faultline::armv7;

namespace {

MemoryType memory_type(unsigned tex, unsigned c, unsigned b) { return static_cast<MemoryType>(tex << 2 | c << 1 | b); }

} // namespace

TEST_CASE("armv7: small pages are encoded and decoded as the manual draws them") {
    for (const golden::SmallPage& vector : golden::SMALL_PAGES) {
        CAPTURE(vector.raw);
        const SmallPageDescriptor fields{.base = PhysAddr(vector.base),
                                         .access = static_cast<AccessPermission>(vector.ap),
                                         .memory = memory_type(vector.tex, vector.c, vector.b),
                                         .shareable = vector.s != 0,
                                         .not_global = vector.ng != 0,
                                         .xn = vector.xn != 0};
        CHECK(encode(fields) == vector.raw);
        CHECK(decode_small_page(vector.raw) == fields);
        CHECK(second_level_kind(vector.raw) == SecondLevelKind::SmallPage);
    }
}

TEST_CASE("armv7: sections are encoded and decoded as the manual draws them") {
    for (const golden::Section& vector : golden::SECTIONS) {
        CAPTURE(vector.raw);
        const SectionDescriptor fields{.base = PhysAddr(vector.base),
                                       .access = static_cast<AccessPermission>(vector.ap),
                                       .memory = memory_type(vector.tex, vector.c, vector.b),
                                       .domain = static_cast<u8>(vector.domain),
                                       .shareable = vector.s != 0,
                                       .not_global = vector.ng != 0,
                                       .xn = vector.xn != 0,
                                       .pxn = vector.pxn != 0,
                                       .non_secure = vector.ns != 0};
        CHECK(encode(fields) == vector.raw);
        CHECK(decode_section(vector.raw) == fields);
        CHECK(first_level_kind(vector.raw) == FirstLevelKind::Section);
    }
}

TEST_CASE("armv7: page-table descriptors are encoded and decoded as the manual draws them") {
    for (const golden::PageTable& vector : golden::PAGE_TABLES) {
        CAPTURE(vector.raw);
        const PageTableDescriptor fields{.table = PhysAddr(vector.table),
                                         .domain = static_cast<u8>(vector.domain),
                                         .pxn = vector.pxn != 0,
                                         .non_secure = vector.ns != 0};
        CHECK(encode(fields) == vector.raw);
        CHECK(decode_page_table(vector.raw) == fields);
        CHECK(first_level_kind(vector.raw) == FirstLevelKind::PageTable);
    }
}

TEST_CASE("armv7: the kinds that are never made are told apart") {
    CHECK(first_level_kind(INVALID_DESCRIPTOR) == FirstLevelKind::Fault);
    CHECK(first_level_kind(0xffff'fffc) == FirstLevelKind::Fault);
    CHECK(first_level_kind(1u << 18 | 2) == FirstLevelKind::Supersection);
    CHECK(first_level_kind(1u << 18 | 1) == FirstLevelKind::PageTable);
    CHECK(second_level_kind(INVALID_DESCRIPTOR) == SecondLevelKind::Fault);
    for (const golden::LargePage& vector : golden::LARGE_PAGES)
        CHECK(second_level_kind(vector.raw) == SecondLevelKind::LargePage);
}
