// What a message counts against its socket. The numbers of messages that a socket takes were counted on Debian's Linux 6.1 for
// armhf, those of tests/boot/programs/kernel_memory.c too.
#include "abi/ipc/truesize.hpp"

#include <catch2/catch.hpp>

namespace faultline {

namespace {

// One may follow as long as less than all is used.
u32 until_full(u32 truesize) { return (SK_SNDBUF + truesize - 1) / truesize; }

} // namespace

TEST_CASE("truesize: as many messages as on Linux") {
    CHECK(SK_SNDBUF == 180224); // net.core.wmem_default
    CHECK(DGRAM_MAX == 180192);
    CHECK(STREAM_PART_MAX == 36608);
    const struct {
        u32 bytes, messages;
    } dgrams[] = {{0, 403},    {1, 256},   {256, 256}, {500, 149}, {1000, 81},  {4000, 22}, {10000, 11},
                  {16128, 11}, {16129, 9}, {20000, 9}, {65536, 3}, {100000, 2}, {180192, 1}},
      parts[] = {{1, 256}, {100, 256}, {1000, 81}, {3840, 43}, {3841, 40}, {10000, 15}, {36608, 5}};
    for (const auto& row : dgrams) {
        CAPTURE(row.bytes);
        CHECK(until_full(dgram_truesize(row.bytes)) == row.messages);
    }
    for (const auto& row : parts) {
        CAPTURE(row.bytes);
        CHECK(until_full(stream_truesize(row.bytes)) == row.messages);
    }
}

TEST_CASE("truesize: never less than the bytes, and never falling") {
    u32 dgram = 0, part = 0;
    for (u32 bytes = 0; bytes <= DGRAM_MAX; ++bytes) {
        const u32 next = dgram_truesize(bytes);
        if (next < bytes || (bytes <= SKB_MAX_ALLOC && next < dgram))
            FAIL(bytes);
        dgram = next;
        const u32 next_part = stream_truesize(bytes % (STREAM_PART_MAX + 1));
        if (bytes <= STREAM_PART_MAX && (next_part < bytes || (bytes <= SKB_MAX_HEAD && next_part < part)))
            FAIL(bytes);
        part = next_part;
    }
}

} // namespace faultline
