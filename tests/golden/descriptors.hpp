// Short descriptors written out by hand from the figures of ARM DDI 0406C B3.5.1: raw words with the fields that they
// mean. They are plain numbers, without names of arch/armv7 or arch/model: both are tested against these numbers, and
// not against each other.
#pragma once

#include <cstdint>

namespace faultline::golden {

struct SmallPage {
    std::uint32_t raw;
    std::uint32_t base;
    unsigned ap, tex, c, b, s, ng, xn;
};

inline constexpr SmallPage SMALL_PAGES[] = {
    // raw         base        ap     tex    c  b  s  ng xn
    {0x4012'3e7e, 0x4012'3000, 0b111, 0b001, 1, 1, 1, 1, 0}, // user text: read-only to all, write-allocate
    {0x4012'3c7e, 0x4012'3000, 0b011, 0b001, 1, 1, 1, 1, 0}, // the same, writable
    {0x4012'3e7f, 0x4012'3000, 0b111, 0b001, 1, 1, 1, 1, 1}, // read-only, execute-never
    {0x7fff'fc7f, 0x7fff'f000, 0b011, 0b001, 1, 1, 1, 1, 1}, // user data
    {0x4000'045f, 0x4000'0000, 0b001, 0b001, 1, 1, 1, 0, 1}, // kernel data
    {0x4001'065e, 0x4001'0000, 0b101, 0b001, 1, 1, 1, 0, 0}, // kernel text
    {0x0900'0017, 0x0900'0000, 0b001, 0b000, 0, 1, 0, 0, 1}, // device registers
    {0x0000'1022, 0x0000'1000, 0b010, 0b000, 0, 0, 0, 0, 0}, // strongly ordered, user read-only
    {0xabcd'e1c2, 0xabcd'e000, 0b000, 0b111, 0, 0, 0, 0, 0}, // TEX alone
    {0xffff'f802, 0xffff'f000, 0b000, 0b000, 0, 0, 0, 1, 0}, // nG alone, top page
};

struct Section {
    std::uint32_t raw;
    std::uint32_t base;
    unsigned ap, tex, c, b, s, ng, xn, pxn, domain, ns;
};

inline constexpr Section SECTIONS[] = {
    // raw         base        ap     tex    c  b  s  ng xn pxn dom ns
    {0x4001'940e, 0x4000'0000, 0b101, 0b001, 1, 1, 1, 0, 0, 0, 0, 0},  // kernel text
    {0x4011'141e, 0x4010'0000, 0b001, 0b001, 1, 1, 1, 0, 1, 0, 0, 0},  // kernel data
    {0x0900'0476, 0x0900'0000, 0b001, 0b000, 0, 1, 0, 0, 1, 0, 3, 0},  // device, domain 3
    {0x8002'0de3, 0x8000'0000, 0b011, 0b000, 0, 0, 0, 1, 0, 1, 15, 0}, // user read-write, PXN, nG, domain 15
    {0x1238'8c02, 0x1230'0000, 0b111, 0b000, 0, 0, 0, 0, 0, 0, 0, 1},  // read-only, non-secure
};

struct PageTable {
    std::uint32_t raw;
    std::uint32_t table;
    unsigned pxn, ns, domain;
};

inline constexpr PageTable PAGE_TABLES[] = {
    // raw         table       pxn ns domain
    {0x4010'0405, 0x4010'0400, 1, 0, 0},
    {0x4010'01e1, 0x4010'0000, 0, 0, 15},
    {0x7fff'fc29, 0x7fff'fc00, 0, 1, 1},
};

// Large pages: 64 KiB, with XN and TEX in other places than small pages.
struct LargePage {
    std::uint32_t raw;
    std::uint32_t base;
    unsigned ap, ng, xn;
};

inline constexpr LargePage LARGE_PAGES[] = {
    {0x4012'9e3d, 0x4012'0000, 0b111, 1, 1},
    {0x0001'0031, 0x0001'0000, 0b011, 0, 0},
};

// What AP[2:0] grants, B3.7.1: table B3-8 (AFE = 0), table B3-6 for AP[2:1] (AFE = 1). 0b100 is reserved.
struct Permission {
    unsigned ap;
    bool privileged_read, privileged_write, user_read, user_write;
};

inline constexpr Permission PERMISSIONS[] = {
    {0b000, false, false, false, false}, //
    {0b001, true, true, false, false},   //
    {0b010, true, true, true, false},    //
    {0b011, true, true, true, true},     //
    {0b101, true, false, false, false},  //
    {0b110, true, false, true, false},   // deprecated, as 0b111
    {0b111, true, false, true, false},   //
};

inline constexpr Permission PERMISSIONS_WITH_ACCESS_FLAG[] = {
    {0b001, true, true, false, false},  //
    {0b011, true, true, true, true},    //
    {0b101, true, false, false, false}, //
    {0b111, true, false, true, false},  //
};

} // namespace faultline::golden
