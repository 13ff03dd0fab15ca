// Decoding of LDM, STM, LDRD and STRD, from encodings that the assembler made.
#include <catch2/catch.hpp>

#include <vector>

#include "arch/armv7/word_transfer.hpp"

using namespace faultline;
using namespace faultline::armv7;

namespace {

std::vector<u32> registers(const WordTransfer& transfer) {
    return {transfer.registers.begin(), transfer.registers.begin() + transfer.count};
}

// Where the words are and what the base becomes, from a base of 0x1001 and an index of 0x20.
TransferPlace placed(const WordTransfer& transfer) { return place_of(transfer, 0x1001, 0x20); }

} // namespace

TEST_CASE("armv7: LDM and STM of ARM code") {
    struct Row {
        u32 instruction;
        bool load;
        u32 start, new_base;
        bool writeback;
    };
    for (const Row& row : {
             Row{0xe8940060, true, 0x1001, 0x1009, false},  // ldmia r4, {r5, r6}
             Row{0xe8b40060, true, 0x1001, 0x1009, true},   // ldmia r4!, {r5, r6}
             Row{0xe9b40060, true, 0x1005, 0x1009, true},   // ldmib r4!, {r5, r6}
             Row{0xe8340060, true, 0x0ffd, 0x0ff9, true},   // ldmda r4!, {r5, r6}
             Row{0xe9340060, true, 0x0ff9, 0x0ff9, true},   // ldmdb r4!, {r5, r6}
             Row{0x08840060, false, 0x1001, 0x1009, false}, // stmeq r4, {r5, r6}
         }) {
        CAPTURE(row.instruction);
        const auto transfer = decode_arm(row.instruction);
        REQUIRE(transfer);
        CHECK(transfer->load == row.load);
        CHECK_FALSE(transfer->pair);
        CHECK(transfer->base == 4);
        CHECK(transfer->writeback == row.writeback);
        CHECK(registers(*transfer) == std::vector<u32>{5, 6});
        CHECK(placed(*transfer) == TransferPlace{row.start, row.new_base});
    }
    const auto all = decode_arm(0xe8bdffff); // ldm sp!, {r0 – pc}
    REQUIRE(all);
    CHECK(all->count == 16);
    CHECK_FALSE(decode_arm(0xe8d40060)); // ldm r4, {r5, r6}^
    CHECK_FALSE(decode_arm(0xe8940000)); // no registers
    CHECK_FALSE(decode_arm(0xf8940a00)); // rfeia r4
}

TEST_CASE("armv7: LDRD and STRD of ARM code") {
    struct Row {
        u32 instruction;
        bool load;
        u32 start, new_base;
        bool writeback;
    };
    for (const Row& row : {
             Row{0xe1c4a0d0, true, 0x1001, 0x1001, false}, // ldrd r10, [r4]
             Row{0xe144a1d6, true, 0x0feb, 0x0feb, false}, // ldrd r10, [r4, #-22]
             Row{0xe1e4a0d5, true, 0x1006, 0x1006, true},  // ldrd r10, [r4, #5]!
             Row{0xe0c4a1f4, false, 0x1001, 0x1015, true}, // strd r10, [r4], #20
             Row{0xe124a0d3, true, 0x0fe1, 0x0fe1, true},  // ldrd r10, [r4, -r3]!
             Row{0xe084a0d3, true, 0x1001, 0x1021, true},  // ldrd r10, [r4], r3
         }) {
        CAPTURE(row.instruction);
        const auto transfer = decode_arm(row.instruction);
        REQUIRE(transfer);
        CHECK(transfer->load == row.load);
        CHECK(transfer->pair);
        CHECK(transfer->writeback == row.writeback);
        CHECK(registers(*transfer) == std::vector<u32>{10, 11});
        CHECK(placed(*transfer) == TransferPlace{row.start, row.new_base});
    }
    CHECK_FALSE(decode_arm(0xe1c430d0)); // an odd register
    CHECK_FALSE(decode_arm(0xe1c4e0d0)); // lr and pc
    CHECK_FALSE(decode_arm(0xe1940f9f)); // ldrex r0, [r4]
    CHECK_FALSE(decode_arm(0xe1d400b0)); // ldrh r0, [r4]
    CHECK_FALSE(decode_arm(0xe5940000)); // ldr r0, [r4]
    CHECK_FALSE(decode_arm(0xed940b00)); // vldr d0, [r4]
    CHECK_FALSE(decode_arm(0xf424071f)); // vld1.8 {d0}, [r4:64]
}

TEST_CASE("armv7: Thumb code") {
    const auto push = decode_thumb(0xb570); // push {r4, r5, r6, lr}
    REQUIRE(push);
    CHECK(registers(*push) == std::vector<u32>{4, 5, 6, LR});
    CHECK((push->base == SP && !push->load && push->writeback));
    CHECK(placed(*push) == TransferPlace{0x0ff1, 0x0ff1});
    const auto pop = decode_thumb(0xbd70); // pop {r4, r5, r6, pc}
    REQUIRE(pop);
    CHECK(registers(*pop) == std::vector<u32>{4, 5, 6, PC});
    CHECK((pop->base == SP && pop->load));
    CHECK(placed(*pop) == TransferPlace{0x1001, 0x1011});
    CHECK(decode_thumb(0xcc60)->writeback);       // ldmia r4!, {r5, r6}
    CHECK_FALSE(decode_thumb(0xcc70)->writeback); // ldmia r4, {r4, r5, r6}
    CHECK(decode_thumb(0xc470)->writeback);       // stmia r4!, {r4, r5, r6}
    CHECK_FALSE(decode_thumb(0xb400));            // no registers
    CHECK_FALSE(decode_thumb(0x6820));            // ldr r0, [r4]

    CHECK((is_wide_thumb(0xe894) && is_wide_thumb(0xf8d8) && !is_wide_thumb(0xe7fe) && !is_wide_thumb(0xbd70)));
    const auto ldm = decode_wide_thumb(0xe8940060); // ldmia.w r4, {r5, r6}
    REQUIRE(ldm);
    CHECK((ldm->load && !ldm->writeback && placed(*ldm) == TransferPlace{0x1001, 0x1009}));
    const auto stmdb = decode_wide_thumb(0xe9240060); // stmdb r4!, {r5, r6}
    REQUIRE(stmdb);
    CHECK((!stmdb->load && stmdb->writeback && placed(*stmdb) == TransferPlace{0x0ff9, 0x0ff9}));
    const auto ldrd = decode_wide_thumb(0xe9745602); // ldrd r5, r6, [r4, #-8]!
    REQUIRE(ldrd);
    CHECK(registers(*ldrd) == std::vector<u32>{5, 6});
    CHECK((ldrd->pair && ldrd->writeback && placed(*ldrd) == TransferPlace{0x0ff9, 0x0ff9}));
    const auto strd = decode_wide_thumb(0xe8e45603); // strd r5, r6, [r4], #12
    REQUIRE(strd);
    CHECK((!strd->load && strd->writeback && placed(*strd) == TransferPlace{0x1001, 0x100d}));
    CHECK_FALSE(decode_wide_thumb(0xe8d4f000)); // tbb [r4, r0]
    CHECK_FALSE(decode_wide_thumb(0xe8d45f4f)); // ldrexb
    CHECK_FALSE(decode_wide_thumb(0xe8540f00)); // ldrex r0, [r4]
    CHECK_FALSE(decode_wide_thumb(0xf964070f)); // vld1.8
    CHECK_FALSE(decode_wide_thumb(0xf8d40000)); // ldr.w r0, [r4]
}

TEST_CASE("armv7: an IT block goes on after an instruction") {
    const auto it = [](u32 state) { return (state & 3) << 25 | (state & 0xfc) << 8; };
    CHECK(advance_it(it(0x06)) == it(0x0c)); // itte eq: the second
    CHECK(advance_it(it(0x0c)) == it(0x18)); // the third
    CHECK(advance_it(it(0x18)) == 0);        // and the last
    CHECK(advance_it(it(0x1d)) == it(0x1a));
    CHECK(advance_it(0) == 0);
}
