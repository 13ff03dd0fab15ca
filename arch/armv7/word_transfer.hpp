// The instructions that load or store several words: LDM, STM, PUSH, POP, LDRD, STRD, in ARM and in Thumb code (ARM ARM
// A8.8). The processor makes them only at addresses that are multiples of four; single words it can access anywhere
// (A3.2.1). The loads and stores of VFP and NEON, and the exclusive ones, are not among them: Linux does not make those
// good either.
#pragma once

#include <array>
#include <optional>

#include "base/types.hpp"

namespace faultline::armv7 {

inline constexpr u8 SP = 13, LR = 14, PC = 15;

// What such an instruction says. Register numbers are 0 to 15.
struct WordTransfer {
    static constexpr u8 NO_INDEX = 0xff;

    bool load = false;
    bool pair = false;               // LDRD, STRD; else LDM, STM
    bool before = false, up = false; // bits P and U
    bool writeback = false;
    u8 base = 0;
    std::array<u8, 16> registers = {}; // in the order of their addresses
    u32 count = 0;
    u8 index = NO_INDEX; // LDRD, STRD: the register with the offset; NO_INDEX: `offset` is it
    u32 offset = 0;

    constexpr bool operator==(const WordTransfer&) const = default;
    constexpr void add(u32 reg) { registers[count++] = static_cast<u8>(reg); }
    constexpr void add_list(u32 list) {
        for (u32 reg = 0; reg < 16; ++reg)
            if ((list >> reg & 1) != 0)
                add(reg);
    }
};

// Where the words are, and what the base register is afterwards. `base` and `index`: values of those registers.
struct TransferPlace {
    u32 start = 0, new_base = 0;
    constexpr bool operator==(const TransferPlace&) const = default;
};
constexpr TransferPlace place_of(const WordTransfer& transfer, u32 base, u32 index) {
    if (transfer.pair) {
        const u32 offset = transfer.index != WordTransfer::NO_INDEX ? index : transfer.offset;
        const u32 target = transfer.up ? base + offset : base - offset;
        return {transfer.before ? target : base, target};
    }
    const u32 bytes = transfer.count * 4;
    const u32 new_base = transfer.up ? base + bytes : base - bytes;
    const u32 lowest = transfer.up ? base : new_base;
    return {transfer.before == transfer.up ? lowest + 4 : lowest, new_base};
}

// An ARM instruction; nullopt: it is none of these, or one that a program may not use.
constexpr std::optional<WordTransfer> decode_arm(u32 instruction) {
    constexpr u32 UNCONDITIONAL = 0xf, USER_REGISTERS = 1u << 22, IMMEDIATE = 1u << 22;
    WordTransfer transfer;
    transfer.before = (instruction >> 24 & 1) != 0;
    transfer.up = (instruction >> 23 & 1) != 0;
    transfer.writeback = (instruction >> 21 & 1) != 0;
    transfer.base = static_cast<u8>(instruction >> 16 & 0xf);
    if (instruction >> 28 == UNCONDITIONAL)
        return std::nullopt;
    if ((instruction >> 25 & 7) == 4) { // LDM, STM
        if ((instruction & USER_REGISTERS) != 0 || (instruction & 0xffff) == 0)
            return std::nullopt;
        transfer.load = (instruction >> 20 & 1) != 0;
        transfer.add_list(instruction & 0xffff);
        return transfer;
    }
    const u32 operation = instruction & 0x0e1000f0;
    const u32 first = instruction >> 12 & 0xf;
    if ((operation != 0xd0 && operation != 0xf0) || (first & 1) != 0 || first == LR)
        return std::nullopt;
    transfer.pair = true;
    transfer.load = operation == 0xd0;
    transfer.writeback |= !transfer.before;
    transfer.add(first);
    transfer.add(first + 1);
    if ((instruction & IMMEDIATE) != 0)
        transfer.offset = (instruction >> 4 & 0xf0) | (instruction & 0xf);
    else
        transfer.index = static_cast<u8>(instruction & 0xf);
    return transfer;
}

// Whether this is the first half of a Thumb instruction of two (A6.1).
constexpr bool is_wide_thumb(u16 half) { return half >> 11 >= 0x1d; }

// A Thumb instruction of one half.
constexpr std::optional<WordTransfer> decode_thumb(u16 instruction) {
    const u32 list = instruction & 0xff;
    const bool one_more = (instruction & 0x100) != 0;
    WordTransfer transfer;
    transfer.writeback = true;
    if ((instruction & 0xf600) == 0xb400) { // PUSH, POP
        transfer.load = (instruction & 0x800) != 0;
        transfer.base = SP;
        transfer.before = !transfer.load;
        transfer.up = transfer.load;
        transfer.add_list(list | (!one_more ? 0u : 1u << (transfer.load ? PC : LR)));
    } else if ((instruction & 0xf000) == 0xc000) { // LDM, STM
        transfer.load = (instruction & 0x800) != 0;
        transfer.base = static_cast<u8>(instruction >> 8 & 7);
        transfer.up = true;
        transfer.add_list(list);
        if (transfer.load && (list >> transfer.base & 1) != 0)
            transfer.writeback = false;
    }
    return transfer.count != 0 ? std::optional(transfer) : std::nullopt;
}

// A Thumb instruction of two halves, the first in the upper half.
constexpr std::optional<WordTransfer> decode_wide_thumb(u32 instruction) {
    WordTransfer transfer;
    transfer.before = (instruction >> 24 & 1) != 0;
    transfer.up = (instruction >> 23 & 1) != 0;
    transfer.writeback = (instruction >> 21 & 1) != 0;
    transfer.load = (instruction >> 20 & 1) != 0;
    transfer.base = static_cast<u8>(instruction >> 16 & 0xf);
    switch (instruction & 0xfe400000) {
    case 0xe8000000: // LDM, STM; with P = U it is RFE or SRS
        if (transfer.before == transfer.up || (instruction & 0xffff) == 0)
            return std::nullopt;
        transfer.add_list(instruction & 0xffff);
        return transfer;
    case 0xe8400000: // LDRD, STRD; with neither P nor W it is something else
        if (!transfer.before && !transfer.writeback)
            return std::nullopt;
        transfer.pair = true;
        transfer.add(instruction >> 12 & 0xf);
        transfer.add(instruction >> 8 & 0xf);
        transfer.offset = (instruction & 0xff) * 4;
        return transfer;
    default:
        return std::nullopt;
    }
}

// The state of an IT block (CPSR.IT, as PSR_IT selects it) after one more of its instructions (A2.5.2, ITAdvance).
constexpr u32 advance_it(u32 it) {
    const u32 state = (it >> 25 & 3) | (it >> 8 & 0xfc);
    const u32 next = (state & 7) == 0 ? 0 : (state & 0xe0) | (state << 1 & 0x1f);
    return (next & 3) << 25 | (next & 0xfc) << 8;
}

} // namespace faultline::armv7
