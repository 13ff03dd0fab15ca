// A table walker and a permission check, written from the ARM Architecture Reference Manual (DDI 0406C B3.5, B3.7,
// B3.13). It serves as an oracle: it shares no constant and no code with arch/armv7, so an error in one is not in both.
// It needs no C++ runtime: the kernel's self-test runs it against the CPU's own walker.
//
// The checks have the order of the manual's pseudocode (B3.19.6 TranslationTableWalkSD, B2.4.8 CheckPermission):
// translation, access flag, domain, permission.
#pragma once

#include "arch/contract/fault_info.hpp"

namespace faultline::model {

// The registers a walk depends on, raw.
struct WalkRegisters {
    u32 ttbr0 = 0;
    u32 ttbr1 = 0;
    u32 ttbcr = 0; // N, PD0, PD1
    u32 dacr = 0;
    bool afe = false; // SCTLR.AFE
};

enum class AccessType : u8 { Read, Write, Execute };

struct Access {
    AccessType type = AccessType::Read;
    bool privileged = false;
};

// What a TLB may store of a completed walk. It does not store whether an access is permitted, because that depends on
// DACR at the time of the access.
struct Mapping {
    u32 base = 0; // physical address of the page or section
    u32 size = 0; // bytes: 4 KiB, 64 KiB, 1 MiB or 16 MiB
    u8 level = 0; // 1 or 2: where the walk ended
    u8 domain = 0;
    u8 ap = 0;        // AP[2:0]
    bool afe = false; // SCTLR.AFE, which decides what AP means
    bool xn = false;
    bool pxn = false;
    bool ng = false; // not global
};

struct Fault {
    FaultKind kind = FaultKind::Other;
    u8 level = 0;
};

struct WalkResult {
    bool ok = false;
    Mapping mapping; // if ok
    Fault fault;     // if not
};

// A word of physical memory; not ok if there is no memory at its address.
struct PhysicalWord {
    bool ok = false;
    u32 value = 0;
};

namespace walk_detail {

constexpr u32 bits(u32 word, unsigned high, unsigned low) { return (word >> low) & ((2u << (high - low)) - 1); }
constexpr bool bit(u32 word, unsigned n) { return ((word >> n) & 1) != 0; }
constexpr WalkResult fails(FaultKind kind, u8 level) { return {.ok = false, .mapping = {}, .fault = {kind, level}}; }

// B3.7.2: with AFE set, AP[0] is the access flag. A walk that finds it clear faults, and its result is not cached.
constexpr WalkResult finish(const Mapping& mapping) {
    if (mapping.afe && !bit(mapping.ap, 0))
        return fails(FaultKind::AccessFlag, mapping.level);
    return {.ok = true, .mapping = mapping, .fault = {}};
}

constexpr WalkResult section(u32 descriptor, bool afe) {
    const bool super = bit(descriptor, 18);
    return finish({.base = descriptor & (super ? 0xff00'0000u : 0xfff0'0000u),
                   .size = super ? 0x100'0000u : 0x10'0000u,
                   .level = 1,
                   .domain = static_cast<u8>(super ? 0 : bits(descriptor, 8, 5)),
                   .ap = static_cast<u8>(bits(descriptor, 15, 15) << 2 | bits(descriptor, 11, 10)),
                   .afe = afe,
                   .xn = bit(descriptor, 4),
                   .pxn = bit(descriptor, 0),
                   .ng = bit(descriptor, 17)});
}

constexpr WalkResult page(u32 table_descriptor, u32 descriptor, bool afe) {
    const bool large = bits(descriptor, 1, 0) == 1;
    return finish({.base = descriptor & (large ? 0xffff'0000u : 0xffff'f000u),
                   .size = large ? 0x1'0000u : 0x1000u,
                   .level = 2,
                   .domain = static_cast<u8>(bits(table_descriptor, 8, 5)),
                   .ap = static_cast<u8>(bits(descriptor, 9, 9) << 2 | bits(descriptor, 5, 4)),
                   .afe = afe,
                   .xn = large ? bit(descriptor, 15) : bit(descriptor, 0),
                   .pxn = bit(table_descriptor, 2),
                   .ng = bit(descriptor, 11)});
}

} // namespace walk_detail

// The physical address of the first-level descriptor for `address`. False if walks are disabled for its half (B3.5.4).
constexpr bool first_level_address(const WalkRegisters& registers, u32 address, u32& descriptor_address) {
    using namespace walk_detail;
    const u32 n = bits(registers.ttbcr, 2, 0);
    const bool lower = n == 0 || (address >> (32 - n)) == 0;
    if (bit(registers.ttbcr, lower ? 4 : 5))
        return false;
    // TTBR0's table has 2^(12-N) descriptors and is aligned to its size; TTBR1's is always the full 16 KiB.
    const u32 alignment = 1u << (lower ? 14 - n : 14);
    const u32 table = (lower ? registers.ttbr0 : registers.ttbr1) & ~(alignment - 1);
    descriptor_address = table | (address >> 20) << 2;
    return true;
}

// The rest of a walk, from the first-level descriptor `first`. read(physical address) returns a PhysicalWord.
template <class Read>
constexpr WalkResult walk_from(u32 first, u32 address, bool afe, Read&& read) {
    using namespace walk_detail;
    if (bits(first, 1, 0) == 0)
        return fails(FaultKind::Translation, 1);
    if (bit(first, 1))
        return section(first, afe);
    const PhysicalWord second = read((first & 0xffff'fc00u) | bits(address, 19, 12) << 2);
    if (!second.ok)
        return fails(FaultKind::External, 2);
    if (bits(second.value, 1, 0) == 0)
        return fails(FaultKind::Translation, 2);
    return page(first, second.value, afe);
}

template <class Read>
constexpr WalkResult walk(const WalkRegisters& registers, u32 address, Read&& read) {
    u32 descriptor_address = 0;
    if (!first_level_address(registers, address, descriptor_address))
        return walk_detail::fails(FaultKind::Translation, 1);
    const PhysicalWord first = read(descriptor_address);
    if (!first.ok)
        return walk_detail::fails(FaultKind::External, 1);
    return walk_from(first.value, address, registers.afe, read);
}

// Whether AP permits code of this privilege to read, and to write (B3.7.1, tables B3-6 and B3-8).
constexpr bool ap_readable(const Mapping& mapping, bool privileged) {
    if (mapping.afe) // AP[2:1]: AP[1] permits unprivileged access, AP[2] makes it read-only
        return privileged || (mapping.ap & 0b010) != 0;
    switch (mapping.ap) {
    case 0b000:
    case 0b100: // reserved
        return false;
    case 0b001:
    case 0b101:
        return privileged;
    default: // 010 011 110 111
        return true;
    }
}

constexpr bool ap_writable(const Mapping& mapping, bool privileged) {
    if (mapping.afe)
        return ap_readable(mapping, privileged) && (mapping.ap & 0b100) == 0;
    switch (mapping.ap) {
    case 0b001:
    case 0b010:
        return privileged;
    case 0b011:
        return true;
    default:
        return false;
    }
}

struct Verdict {
    bool ok = false;
    Fault fault; // if not
};

// Whether a mapping permits an access: first the domain (B3.12.3), then permissions and execute-never.
constexpr Verdict check(const Mapping& mapping, u32 dacr, Access access) {
    const Verdict pass{.ok = true, .fault = {}};
    switch ((dacr >> (2 * mapping.domain)) & 3) {
    case 1: // client
        break;
    case 3: // manager: permissions and XN are ignored
        return pass;
    default: // no access, and the reserved value
        return {.ok = false, .fault = {FaultKind::Domain, mapping.level}};
    }
    bool allowed = false;
    switch (access.type) {
    case AccessType::Read:
        allowed = ap_readable(mapping, access.privileged);
        break;
    case AccessType::Write:
        allowed = ap_writable(mapping, access.privileged);
        break;
    case AccessType::Execute:
        allowed = ap_readable(mapping, access.privileged) && !mapping.xn && !(access.privileged && mapping.pxn);
        break;
    }
    return allowed ? pass : Verdict{.ok = false, .fault = {FaultKind::Permission, mapping.level}};
}

// The fault status code FS[4:0] of a fault (B3.13.3, table B3-23).
constexpr u32 fault_status_code(Fault fault) {
    const bool second = fault.level == 2;
    switch (fault.kind) {
    case FaultKind::Translation:
        return second ? 0x07 : 0x05;
    case FaultKind::AccessFlag:
        return second ? 0x06 : 0x03;
    case FaultKind::Domain:
        return second ? 0x0b : 0x09;
    case FaultKind::Permission:
        return second ? 0x0f : 0x0d;
    case FaultKind::Alignment:
        return 0x01;
    case FaultKind::Debug:
        return 0x02;
    case FaultKind::External: // on a walk, or (level 0) on the access itself
        return fault.level == 0 ? 0x08 : (second ? 0x0e : 0x0c);
    case FaultKind::Other:
        break;
    }
    return 0;
}

} // namespace faultline::model
