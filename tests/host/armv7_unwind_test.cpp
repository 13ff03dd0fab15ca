// Undoing prologues, by tables made by hand and by those of the assembler.
#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <vector>

#include "arch/armv7/unwind.hpp"

using namespace faultline;
using namespace faultline::armv7;

namespace {

constexpr u32 CODE = 0x80010000, CODE_END = 0x80020000, CALLER = CODE + 0x8000, INDEX = 0x80100000, EXTRA = 0x80200000,
              STACK = 0x84000000;

// A table with one entry for each function, in memory in which nothing else may be read.
class Tables {
  public:
    // A function at `address` whose entry's second word is `how`.
    void add(u32 address, u32 how) {
        words_[end_] = (address - end_) & 0x7fffffff;
        words_[end_ + 4] = how;
        end_ += UnwindTables::ENTRY_BYTES;
    }
    // The same, with the opcodes elsewhere.
    void add_extra(u32 address, std::initializer_list<u32> words) {
        add(address, (extra_ - (end_ + 4)) & 0x7fffffff);
        for (const u32 word : words) {
            words_[extra_] = word;
            extra_ += 4;
        }
    }
    void stack(u32 number, u32 word) { words_[STACK + 4 * number] = word; }
    std::optional<CallFrame> caller_of(const CallFrame& frame) const {
        const auto read = [this](u32 address) {
            const auto found = words_.find(address);
            return found != words_.end() ? std::optional(found->second) : std::nullopt;
        };
        return armv7::caller_of(frame, {INDEX, end_, CODE, CODE_END}, read);
    }

  private:
    std::map<u32, u32> words_;
    u32 end_ = INDEX, extra_ = EXTRA;
};

CallFrame frame_at(u32 pc, u32 sp = STACK) {
    CallFrame frame;
    for (u32 i = 0; i < 13; ++i)
        frame.r[i] = 0x1000 + i;
    frame.r[SP] = sp;
    frame.r[LR] = CALLER;
    frame.r[PC] = pc;
    return frame;
}

// What the stack has, from STACK on: places in code that differ.
constexpr u32 word(u32 number) { return CALLER + 4 * number; }

// The caller of a frame in a function with these opcodes.
std::optional<CallFrame> undone(std::initializer_list<u32> words) {
    Tables tables;
    if (words.size() == 1)
        tables.add(CODE, *words.begin());
    else
        tables.add_extra(CODE, words);
    tables.add(CODE + 0x100, unwind::CANNOT_UNWIND);
    for (u32 i = 0; i < 16; ++i)
        tables.stack(i, word(i));
    return tables.caller_of(frame_at(CODE + 0x20));
}

} // namespace

TEST_CASE("armv7: unwinding by what the assembler makes") {
    SECTION(".save {r4, lr}; .pad #16") {
        const auto caller = undone({0x8003a8b0});
        REQUIRE(caller);
        CHECK(caller->r[4] == word(4));
        CHECK(caller->lr() == word(5));
        CHECK(caller->pc() == word(5));
        CHECK(caller->sp() == STACK + 24);
        CHECK(caller->r[5] == 0x1005);
        CHECK_FALSE(caller->interrupted);
        CHECK(caller->where() == word(5) - 4);
    }
    SECTION(".save {r4-r9, lr}, as usercopy.S has it") {
        const auto caller = undone({0x80a58400});
        REQUIRE(caller);
        CHECK(caller->r[9] == word(5));
        CHECK(caller->pc() == word(6));
    }
    SECTION("nothing was pushed") {
        const auto caller = undone({0x80b0b0b0});
        REQUIRE(caller);
        CHECK(caller->pc() == CALLER);
        CHECK(caller->sp() == STACK);
    }
    SECTION("variable arguments: .save {r0-r3}; .save {lr}; .pad #8") {
        const auto caller = undone({0x81010184, 0x00b10fb0});
        REQUIRE(caller);
        CHECK(caller->pc() == word(2));
        CHECK(caller->r[0] == word(3));
        CHECK(caller->r[3] == word(6));
        CHECK(caller->sp() == STACK + 28);
    }
    SECTION(".setfp r7, sp: sp comes from another register") {
        Tables tables;
        tables.add(CODE, 0x8097a9b0); // sp = r7; pop {r4, r5, lr}
        for (u32 i = 0; i < 6; ++i)
            tables.stack(i, word(i));
        CallFrame frame = frame_at(CODE + 0x20);
        frame.r[7] = STACK + 8;
        const auto caller = tables.caller_of(frame);
        REQUIRE(caller);
        CHECK(caller->r[4] == word(2));
        CHECK(caller->pc() == word(4));
        CHECK(caller->sp() == STACK + 20);
    }
    SECTION("a large frame: .pad #1024 is one number of seven bits, .pad #2048 of two bytes") {
        const auto caller = undone({0x80b27fb0}); // 0x204 + 127 * 4
        REQUIRE(caller);
        CHECK(caller->sp() == STACK + 1024);
        const auto larger = undone({0x8101b2ff, 0x02b0b0b0}); // 0x204 + 383 * 4
        REQUIRE(larger);
        CHECK(larger->sp() == STACK + 2048);
    }
    SECTION("down again: vsp -= 8 after vsp += 16") {
        const auto caller = undone({0x800341b0});
        REQUIRE(caller);
        CHECK(caller->sp() == STACK + 8);
    }
}

TEST_CASE("armv7: unwinding an exception gives what it interrupted") {
    Tables tables;
    tables.add_extra(CODE, {0x81019400, 0xb10f8fff}); // arch/arm/frame.inc
    tables.add(CODE + 0x100, unwind::CANNOT_UNWIND);
    for (u32 i = 0; i < 13; ++i)
        tables.stack(1 + i, i);
    tables.stack(14, STACK + 72);
    tables.stack(15, 14);
    tables.stack(16, CODE + 0x104);
    CallFrame frame = frame_at(CODE + 0x20, STACK - 8);
    frame.r[4] = STACK;
    const auto caller = tables.caller_of(frame);
    REQUIRE(caller);
    for (u32 i = 0; i < 13; ++i)
        CHECK(caller->r[i] == i);
    CHECK(caller->sp() == STACK + 72);
    CHECK(caller->lr() == 14);
    CHECK(caller->pc() == CODE + 0x104);
    CHECK(caller->interrupted);
    CHECK(caller->where() == CODE + 0x104);
    CHECK_FALSE(tables.caller_of(*caller)); // the other function cannot be undone
}

// An exception may stop a function anywhere, and the tables speak of its calls.
TEST_CASE("armv7: an interrupted function that has called nothing yet is left by lr") {
    Tables tables;
    tables.add(CODE, 0x80a8b0b0);
    tables.add(CODE + 0x100, 0x80b0b0b0); // the caller's function is another
    tables.stack(0, word(0));
    tables.stack(1, word(1));
    CallFrame frame = frame_at(CODE + 0x20);
    CHECK(tables.caller_of(frame)->pc() == word(1)); // a call
    frame.interrupted = true;
    for (const u32 pc : {CODE, CODE + 0x20}) {
        frame.r[PC] = pc;
        const auto caller = tables.caller_of(frame);
        REQUIRE(caller);
        CHECK(caller->pc() == CALLER);
        CHECK(caller->sp() == STACK);
        CHECK_FALSE(caller->interrupted);
    }

    SECTION("with a frame that the tables have right") {
        tables.stack(1, CALLER);
        const auto caller = tables.caller_of(frame);
        REQUIRE(caller);
        CHECK(caller->r[4] == word(0));
        CHECK(caller->sp() == STACK + 8);
    }
    SECTION("one that has called: lr leads back to it") {
        frame.r[LR] = CODE + 0x10;
        CHECK(tables.caller_of(frame)->pc() == word(1));
    }
    SECTION("lr is no place in code") {
        frame.r[LR] = STACK;
        CHECK(tables.caller_of(frame)->pc() == word(1));
    }
    SECTION("code that the tables know nothing of") {
        frame.r[PC] = CODE + 0x104;
        tables.add(CODE + 0x104, unwind::CANNOT_UNWIND);
        tables.add(CODE + 0x108, 0x80b0b0b0);
        CHECK(tables.caller_of(frame)->pc() == CALLER);
    }
}

TEST_CASE("armv7: a call belongs to its function even as the last instruction of it") {
    Tables tables;
    tables.add(CODE, 0x80a8b0b0);
    tables.add(CODE + 0x20, unwind::CANNOT_UNWIND);
    tables.stack(0, word(0));
    tables.stack(1, word(1));
    CHECK(tables.caller_of(frame_at(CODE + 0x20)));
    CHECK_FALSE(tables.caller_of(frame_at(CODE + 0x24)));
    CHECK_FALSE(tables.caller_of(frame_at(CODE)));
}

TEST_CASE("armv7: what cannot be undone is refused") {
    CHECK_FALSE(undone({unwind::CANNOT_UNWIND}));
    CHECK_FALSE(undone({0x80800000}));             // "refuse to unwind"
    CHECK_FALSE(undone({0x809db0b0}));             // sp = sp
    CHECK_FALSE(undone({0x809fb0b0}));             // sp = pc
    CHECK_FALSE(undone({0x80b100b0}));             // no register
    CHECK_FALSE(undone({0x80b110b0}));             // spare
    CHECK_FALSE(undone({0x80b301b0}));             // VFP
    CHECK_FALSE(undone({0x80c0b0b0}));             // spare
    CHECK_FALSE(undone({0x8040b0b0}));             // downwards
    CHECK_FALSE(undone({0x803fa8b0}));             // from words that may not be read
    CHECK_FALSE(undone({0x83000000}));             // no such personality
    CHECK_FALSE(undone({0x00000010, 0x80b0b0b0})); // a routine of its own
    CHECK_FALSE(undone({0x81040000, 0x00000000})); // says that there are more words than there are
    CHECK_FALSE(undone({0x8101b2ff, 0xffffffff})); // a number without an end

    Tables nothing;
    CHECK_FALSE(nothing.caller_of(frame_at(CODE)));
    Tables later;
    later.add(CODE + 0x100, 0x80b0b0b0);
    CHECK_FALSE(later.caller_of(frame_at(CODE)));
    Tables astray; // what was pushed is no place in code
    astray.add(CODE, 0x80a8b0b0);
    astray.stack(0, 0);
    astray.stack(1, STACK);
    CHECK_FALSE(astray.caller_of(frame_at(CODE + 0x20)));
    Tables itself; // the link register leads to the same call
    itself.add(CODE, 0x80b0b0b0);
    CallFrame frame = frame_at(CODE + 0x20);
    frame.r[LR] = CODE + 0x20;
    CHECK_FALSE(itself.caller_of(frame));
}

// Random tables and stacks: no read outside (it would be refused, not made), and an end. What there is leads upwards.
TEST_CASE("armv7: any words are safe to unwind by") {
    std::mt19937 random(1);
    u32 found = 0;
    for (u32 round = 0; round < 200'000; ++round) {
        std::array<u32, 64> words;
        for (u32& word : words) {
            const u32 kind = random() % 4;
            word = kind == 0   ? STACK + random() % 256 / 4 * 4
                   : kind == 1 ? CODE + random() % 0x1000 / 4 * 4
                               : static_cast<u32>(random());
        }
        if (random() % 2 == 0)
            words[1] = 0x80000000 | (words[1] & 0x02ffffff);
        words[0] = (CODE - STACK) & 0x7fffffff; // one entry, for everything from CODE on
        const auto read = [&](u32 address) {
            return address % 4 == 0 && address - STACK < 256 ? std::optional(words[(address - STACK) / 4])
                                                             : std::nullopt;
        };
        CallFrame frame = frame_at(CODE + 0x40, STACK + random() % 256);
        for (u32 steps = 0; steps < 40; ++steps) {
            const auto caller = caller_of(frame, {STACK, STACK + 8, CODE, CODE_END}, read);
            if (!caller)
                break;
            ++found;
            CHECK(caller->sp() >= frame.sp());
            frame = *caller;
        }
    }
    CHECK(found > 1'000);
}
