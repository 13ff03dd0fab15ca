// Short-descriptor translation tables, as in section B3.5 of the ARM Architecture Reference Manual (DDI 0406C). Each
// kind of descriptor has a struct of named fields, an `encode` and a `decode`. `decode` is for reports and tests: the
// kernel decides nothing by reading a descriptor back.
//
//   VA | 31 … 20: first-level index | 19 … 12: second-level index | 11 … 0: byte |
//
// First level, B3.5.1, figure B3-4:
//
//   page table | 31 … 10: table | 9: 0 | 8 … 5: domain | 4: 0 | 3: NS | 2: PXN | 1 … 0: 01 |
//
//   section    | 31 … 20: base | 19: NS | 18: 0 | 17: nG | 16: S | 15: AP[2] | 14 … 12: TEX |
//              | 11 … 10: AP[1:0] | 9: 0 | 8 … 5: domain | 4: XN | 3: C | 2: B | 1: 1 | 0: PXN |
//
// Second level, figure B3-5:
//
//   small page | 31 … 12: base | 11: nG | 10: S | 9: AP[2] | 8 … 6: TEX | 5 … 4: AP[1:0] |
//              | 3: C | 2: B | 1: 1 | 0: XN |
#pragma once

#include "base/types.hpp"

namespace faultline::armv7 {

inline constexpr u32 SECTION_SHIFT = 20;
inline constexpr u32 SECTION_SIZE = 1u << SECTION_SHIFT;
inline constexpr u32 SECOND_LEVEL_ENTRIES = 256; // four bytes each: a table is 1 KiB and aligned to that
inline constexpr u32 SECOND_LEVEL_TABLE_SIZE = 1024;

// A descriptor that makes every access fault, on either level.
inline constexpr u32 INVALID_DESCRIPTOR = 0;

// AP[2:0] with SCTLR.AFE = 0 (B3.7.1, table B3-8). The names say what privileged code and user code may do.
enum class AccessPermission : u8 {
    NoAccess = 0b000,
    PrivilegedReadWrite = 0b001, // user: none
    UserReadOnly = 0b010,        // privileged: read, write
    ReadWrite = 0b011,
    PrivilegedReadOnly = 0b101, // user: none
    ReadOnly = 0b111,
};

// TEX[2:0] C B with SCTLR.TRE = 0 (B3.8.2, table B3-10). Inner and outer attributes are the same.
enum class MemoryType : u8 {
    StronglyOrdered = 0b000'00,
    ShareableDevice = 0b000'01,
    WriteThrough = 0b000'10,
    WriteBack = 0b000'11, // no write-allocate
    NonCacheable = 0b001'00,
    WriteBackWriteAllocate = 0b001'11,
    NonShareableDevice = 0b010'00,
};

// The two low bits give the kind of a descriptor. In sections and small pages bit 0 is PXN or XN, not part of the kind.
enum class FirstLevelKind : u8 { Fault, PageTable, Section, Supersection };
enum class SecondLevelKind : u8 { Fault, LargePage, SmallPage };

constexpr FirstLevelKind first_level_kind(u32 descriptor) {
    switch (descriptor & 3) {
    case 0:
        return FirstLevelKind::Fault;
    case 1:
        return FirstLevelKind::PageTable;
    default:
        return (descriptor & (1u << 18)) != 0 ? FirstLevelKind::Supersection : FirstLevelKind::Section;
    }
}

constexpr SecondLevelKind second_level_kind(u32 descriptor) {
    switch (descriptor & 3) {
    case 0:
        return SecondLevelKind::Fault;
    case 1:
        return SecondLevelKind::LargePage;
    default:
        return SecondLevelKind::SmallPage;
    }
}

struct PageTableDescriptor {
    PhysAddr table = {}; // 1 KiB-aligned
    u8 domain = 0;       // 0 … 15
    bool pxn = false;    // privileged code cannot fetch from any page of the table
    bool non_secure = false;
    constexpr bool operator==(const PageTableDescriptor&) const = default;
};

struct SectionDescriptor {
    PhysAddr base = {}; // 1 MiB-aligned
    AccessPermission access = AccessPermission::NoAccess;
    MemoryType memory = MemoryType::StronglyOrdered;
    u8 domain = 0; // 0 … 15
    bool shareable = false;
    bool not_global = false; // the TLB entry is tagged with the ASID
    bool xn = false;         // no code can fetch from it
    bool pxn = false;        // privileged code cannot fetch from it
    bool non_secure = false;
    constexpr bool operator==(const SectionDescriptor&) const = default;
};

struct SmallPageDescriptor {
    PhysAddr base = {}; // 4 KiB-aligned
    AccessPermission access = AccessPermission::NoAccess;
    MemoryType memory = MemoryType::StronglyOrdered;
    bool shareable = false;
    bool not_global = false;
    bool xn = false;
    constexpr bool operator==(const SmallPageDescriptor&) const = default;
};

namespace detail {

// place: `value` shifted to bit `low`. field: the `width` bits of `word` from bit `low`.
constexpr u32 place(auto value, u32 low) { return static_cast<u32>(value) << low; }
constexpr u32 field(u32 word, u32 low, u32 width) { return (word >> low) & ((1u << width) - 1); }

// The parts of AccessPermission and MemoryType that descriptors store in separate fields, and the way back.
constexpr u32 access_low(AccessPermission access) { return static_cast<u32>(access) & 3; }
constexpr u32 access_high(AccessPermission access) { return static_cast<u32>(access) >> 2; }
constexpr u32 tex(MemoryType memory) { return static_cast<u32>(memory) >> 2; }
constexpr u32 cb(MemoryType memory) { return static_cast<u32>(memory) & 3; }

constexpr AccessPermission access(u32 high, u32 low) { return static_cast<AccessPermission>((high << 2) | low); }
constexpr MemoryType memory(u32 tex_bits, u32 cb_bits) { return static_cast<MemoryType>((tex_bits << 2) | cb_bits); }

} // namespace detail

constexpr u32 encode(const PageTableDescriptor& d) {
    using namespace detail;
    return d.table.value() | place(d.domain, 5) | place(d.non_secure, 3) | place(d.pxn, 2) | 0b01;
}

constexpr u32 encode(const SectionDescriptor& d) {
    using namespace detail;
    return d.base.value() | place(d.non_secure, 19) | place(d.not_global, 17) | place(d.shareable, 16) |
           place(access_high(d.access), 15) | place(tex(d.memory), 12) | place(access_low(d.access), 10) |
           place(d.domain, 5) | place(d.xn, 4) | place(cb(d.memory), 2) | 0b10 | place(d.pxn, 0);
}

constexpr u32 encode(const SmallPageDescriptor& d) {
    using namespace detail;
    return d.base.value() | place(d.not_global, 11) | place(d.shareable, 10) | place(access_high(d.access), 9) |
           place(tex(d.memory), 6) | place(access_low(d.access), 4) | place(cb(d.memory), 2) | 0b10 | place(d.xn, 0);
}

// Each function is valid only for a descriptor of its kind.
constexpr PageTableDescriptor decode_page_table(u32 descriptor) {
    using namespace detail;
    return {.table = PhysAddr(descriptor & ~(SECOND_LEVEL_TABLE_SIZE - 1)),
            .domain = static_cast<u8>(field(descriptor, 5, 4)),
            .pxn = field(descriptor, 2, 1) != 0,
            .non_secure = field(descriptor, 3, 1) != 0};
}

constexpr SectionDescriptor decode_section(u32 descriptor) {
    using namespace detail;
    return {.base = PhysAddr(descriptor & ~(SECTION_SIZE - 1)),
            .access = access(field(descriptor, 15, 1), field(descriptor, 10, 2)),
            .memory = memory(field(descriptor, 12, 3), field(descriptor, 2, 2)),
            .domain = static_cast<u8>(field(descriptor, 5, 4)),
            .shareable = field(descriptor, 16, 1) != 0,
            .not_global = field(descriptor, 17, 1) != 0,
            .xn = field(descriptor, 4, 1) != 0,
            .pxn = field(descriptor, 0, 1) != 0,
            .non_secure = field(descriptor, 19, 1) != 0};
}

constexpr SmallPageDescriptor decode_small_page(u32 descriptor) {
    using namespace detail;
    return {.base = PhysAddr(descriptor & PAGE_MASK),
            .access = access(field(descriptor, 9, 1), field(descriptor, 4, 2)),
            .memory = memory(field(descriptor, 6, 3), field(descriptor, 2, 2)),
            .shareable = field(descriptor, 10, 1) != 0,
            .not_global = field(descriptor, 11, 1) != 0,
            .xn = field(descriptor, 0, 1) != 0};
}

constexpr const char* access_permission_name(AccessPermission access) {
    switch (access) {
    case AccessPermission::NoAccess:
        return "no access";
    case AccessPermission::PrivilegedReadWrite:
        return "privileged read-write";
    case AccessPermission::UserReadOnly:
        return "user read-only";
    case AccessPermission::ReadWrite:
        return "read-write";
    case AccessPermission::PrivilegedReadOnly:
        return "privileged read-only";
    case AccessPermission::ReadOnly:
        return "read-only";
    }
    return "reserved access"; // 0b100; 0b110 is deprecated
}

} // namespace faultline::armv7
