// From a function to the one that called it, by the tables that the compiler makes of its prologues ("Exception Handling ABI for
// the Arm Architecture", ARM IHI 0038; the sections below are its own). So no function spends a register and three instructions
// on a chain of frames.
//
// The index has two words for each function, in the order of the functions: where it begins, and how its prologue is undone. The
// second word leads to more words if three bytes are too few. The tables are right at each call. In a prologue or epilogue,
// where only an interrupt can stop a function, they may be wrong.
#pragma once

#include <array>
#include <optional>

#include "arch/armv7/word_transfer.hpp"
#include "base/types.hpp"

namespace faultline::armv7 {

// The registers of a function at one point. Those that a function may change (r0 – r3, r12) are right only in the innermost.
struct CallFrame {
    std::array<u32, 16> r = {};
    bool interrupted = false; // at pc; else pc is where a call returns to

    u32 sp() const { return r[SP]; }
    u32 lr() const { return r[LR]; }
    u32 pc() const { return r[PC]; }
    u32 where() const { return interrupted ? pc() : pc() - 4; } // the call itself: what follows may be another function
};

// The bounds of the index, and of the code that it is about: addresses.
struct UnwindTables {
    u32 index = 0, index_end = 0;
    u32 text = 0, text_end = 0;

    static constexpr u32 ENTRY_BYTES = 8;

    bool is_text(u32 address) const { return address - text < text_end - text; }
};

// A signed offset of 31 bits from where it stands.
constexpr u32 prel31(u32 place, u32 word) { return place + static_cast<u32>(static_cast<s32>(word << 1) >> 1); }

namespace unwind {

inline constexpr u32 CANNOT_UNWIND = 1;
inline constexpr u32 IN_PLACE = 1u << 31; // the second word of an entry has the opcodes itself
inline constexpr u8 FINISH = 0xb0;

// Below, `read` gives the word at an address as std::optional<u32>: nullopt if it may not be read. Nothing else is read.

// The address of the entry with `address`: the last that does not begin behind it.
template <class Read>
std::optional<u32> find_entry(const UnwindTables& tables, u32 address, const Read& read) {
    u32 low = 0, high = (tables.index_end - tables.index) / UnwindTables::ENTRY_BYTES;
    const auto entry = [&](u32 number) { return tables.index + number * UnwindTables::ENTRY_BYTES; };
    while (low < high) {
        const u32 middle = (low + high) / 2;
        const std::optional<u32> word = read(entry(middle));
        if (!word)
            return std::nullopt;
        if (prel31(entry(middle), *word) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? std::nullopt : std::optional(entry(low - 1));
}

// The opcodes of one function, byte by byte, highest byte first (section 7).
template <class Read>
class Opcodes {
  public:
    // `place`: the second word of its entry. Without opcodes, next() gives none.
    Opcodes(u32 place, const Read& read) : read_(read) {
        std::optional<u32> word = read(place);
        if (!word || *word == CANNOT_UNWIND)
            return;
        if ((*word & IN_PLACE) == 0) {
            place = prel31(place, *word);
            word = read(place);
        }
        if (!word)
            return;
        next_place_ = place + 4;
        const u32 personality = *word >> 24;
        if (personality == 0x80) {
            word_ = *word << 8;
            bytes_ = 3;
        } else if (personality == 0x81 || personality == 0x82) {
            word_ = *word << 16;
            bytes_ = 2;
            words_ = *word >> 16 & 0xff;
        } else {
            return; // code of its own, to which only C++ exceptions lead
        }
        good_ = true;
    }

    std::optional<u8> next() {
        if (!good_)
            return std::nullopt;
        if (bytes_ == 0) {
            if (words_ == 0)
                return FINISH;
            const std::optional<u32> word = read_(next_place_);
            if (!word)
                return std::nullopt;
            word_ = *word;
            bytes_ = 4;
            --words_;
            next_place_ += 4;
        }
        const u8 byte = static_cast<u8>(word_ >> 24);
        word_ <<= 8;
        --bytes_;
        return byte;
    }

  private:
    const Read& read_;
    u32 word_ = 0, bytes_ = 0; // what is left of this word: its highest byte is next
    u32 words_ = 0, next_place_ = 0;
    bool good_ = false;
};

// The registers, while one prologue is undone.
template <class Read>
class Undo {
  public:
    Undo(const CallFrame& frame, const Read& read) : frame_(frame), sp_(frame.sp()), read_(read) {
        frame_.interrupted = false;
    }

    // All opcodes. False: one that this kernel's code does not need, or a word that may not be read.
    bool run(Opcodes<Read> opcodes) {
        for (;;) {
            const std::optional<u8> opcode = opcodes.next();
            if (!opcode)
                return false;
            if (*opcode == FINISH)
                return true;
            if (!step(*opcode, opcodes))
                return false;
        }
    }

    CallFrame caller() {
        frame_.r[SP] = sp_;
        if (!has_pc_)
            frame_.r[PC] = frame_.r[LR];
        return frame_;
    }

  private:
    // Section 10.3, table 4.
    bool step(u8 opcode, Opcodes<Read>& opcodes) {
        const u32 low = opcode & 0xf;
        if (opcode < 0x40) {
            sp_ += (opcode & 0x3f) * 4 + 4;
        } else if (opcode < 0x80) {
            sp_ -= (opcode & 0x3f) * 4 + 4;
        } else if (opcode < 0x90) {
            const std::optional<u8> more = opcodes.next();
            const u32 list = more ? low << 8 | *more : 0;
            return list != 0 && pop(list << 4);
        } else if (opcode < 0xa0) {
            sp_ = frame_.r[low];
            return low != SP && low != PC;
        } else if (opcode < 0xb0) {
            const u32 list = (2u << (low & 7)) - 1; // from r4 on
            return pop(list << 4 | ((low & 8) != 0 ? 1u << LR : 0));
        } else if (opcode == 0xb1) {
            const std::optional<u8> list = opcodes.next();
            return list && *list != 0 && *list < 0x10 && pop(*list);
        } else if (opcode == 0xb2) {
            return add_large(opcodes);
        } else {
            return false; // VFP's registers, which the kernel does not save
        }
        return true;
    }

    // Only where an exception is undone is sp among the registers.
    bool pop(u32 list) {
        for (u32 reg = 0; reg < 16; ++reg) {
            if ((list >> reg & 1) == 0)
                continue;
            const std::optional<u32> word = read_(sp_);
            if (!word)
                return false;
            frame_.r[reg] = *word;
            sp_ += 4;
        }
        has_pc_ |= (list >> PC & 1) != 0;
        if ((list >> SP & 1) != 0) {
            sp_ = frame_.sp();
            frame_.interrupted = true;
        }
        return true;
    }

    bool add_large(Opcodes<Read>& opcodes) {
        u32 number = 0;
        for (u32 shift = 0; shift < 28; shift += 7) {
            const std::optional<u8> byte = opcodes.next();
            if (!byte)
                return false;
            number |= (*byte & 0x7fu) << shift;
            if ((*byte & 0x80) == 0) {
                sp_ += 0x204 + number * 4;
                return true;
            }
        }
        return false;
    }

    CallFrame frame_;
    u32 sp_;
    bool has_pc_ = false;
    const Read& read_;
};

} // namespace unwind

// The frame of the caller. nullopt: there is none, or nothing leads to it. Each step leads upwards on the stack, or to another
// place, so a walk of bounded length ends with any tables and any stack.
template <class Read>
std::optional<CallFrame> caller_of(const CallFrame& frame, const UnwindTables& tables, const Read& read) {
    const std::optional<u32> entry = unwind::find_entry(tables, frame.where(), read);
    if (!entry)
        return std::nullopt;
    std::optional<CallFrame> caller;
    unwind::Undo<Read> undo(frame, read);
    if (undo.run(unwind::Opcodes<Read>(*entry + 4, read)))
        caller = undo.caller();
    if (frame.interrupted && tables.is_text(frame.lr())) {
        // A function that has called nothing yet has the caller in lr. Then the tables say the same, or are wrong: this is its
        // prologue, or a part of it that does without the prologue.
        const bool called_nothing = unwind::find_entry(tables, frame.lr() - 4, read) != entry;
        if (called_nothing && (!caller || caller->pc() != frame.lr())) {
            caller = frame;
            caller->r[PC] = frame.lr();
            caller->interrupted = false;
        }
    }
    if (!caller || !tables.is_text(caller->pc()) || caller->sp() < frame.sp() ||
        (caller->sp() == frame.sp() && caller->pc() == frame.pc()))
        return std::nullopt;
    return caller;
}

} // namespace faultline::armv7
