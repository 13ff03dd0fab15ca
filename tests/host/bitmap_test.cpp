// base/bitmap.hpp: the next number of the set, within words and over their borders.
#include "base/bitmap.hpp"

#include <catch2/catch.hpp>

namespace faultline {
namespace {

TEST_CASE("bitmap: the next number of the set, or the end") {
    Bitmap<100> set;
    CHECK(set.find_next_bit(0, 100) == 100);
    for (const u32 number : {0u, 31u, 32u, 95u, 99u})
        set.set(number);
    CHECK(set.find_next_bit(0, 100) == 0);
    CHECK(set.find_next_bit(1, 100) == 31);
    CHECK(set.find_next_bit(32, 100) == 32);
    CHECK(set.find_next_bit(33, 100) == 95);
    CHECK(set.find_next_bit(96, 100) == 99);

    // Nothing at or behind the end counts, though it may be in the same word.
    CHECK(set.find_next_bit(33, 95) == 95);
    CHECK(set.find_next_bit(96, 98) == 98);
    CHECK(set.find_next_bit(99, 99) == 99);
    CHECK(set.find_next_bit(99, 60) == 60);

    set.clear(95);
    CHECK(set.find_next_bit(33, 100) == 99);
    set.clear(99);
    CHECK(set.find_next_bit(33, 100) == 100);
    CHECK(set.find_next_bit(1, 100) == 31);
}

} // namespace
} // namespace faultline
