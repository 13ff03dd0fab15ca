// The comparison of walkers: it must see every difference, and accept only the listed ones.
#include <catch2/catch.hpp>

#include "tests/contract/differential.hpp"

using namespace faultline;
using namespace faultline::differential;

namespace {

constexpr Answer fault(u32 code) { return {.faulted = true, .code = code, .page = 0}; }
constexpr Answer page(u32 address) { return {.faulted = false, .code = 0, .page = address}; }
constexpr u32 NO_ACCESS = 0, CLIENT = 1, RESERVED = 2, MANAGER = 3;

} // namespace

TEST_CASE("differential: PAR is read as the manual says") {
    CHECK(answer_of_par(0x4040'1200) == page(0x4040'1000));
    CHECK(answer_of_par(0x0000'000f) == fault(0x07)); // second-level translation fault
    CHECK(answer_of_par(0x0000'001f) == fault(0x0f)); // second-level permission fault
}

TEST_CASE("differential: only the listed deviations are passed over") {
    CHECK(is_known_deviation(fault(0x07), fault(0x0b), NO_ACCESS));
    CHECK(is_known_deviation(fault(0x06), fault(0x0b), RESERVED));
    CHECK(is_known_deviation(fault(0x03), fault(0x09), NO_ACCESS));
    CHECK(is_known_deviation(fault(0x06), page(0x1000), MANAGER));

    for (const u32 domain : {NO_ACCESS, CLIENT, RESERVED, MANAGER}) {
        CAPTURE(domain);
        CHECK_FALSE(is_known_deviation(page(0x1000), page(0x2000), domain));
        CHECK_FALSE(is_known_deviation(page(0x1000), fault(0x0f), domain));
        CHECK_FALSE(is_known_deviation(fault(0x0f), page(0x1000), domain)); // an access too many
        CHECK_FALSE(is_known_deviation(fault(0x07), page(0x1000), domain));
        CHECK_FALSE(is_known_deviation(fault(0x0f), fault(0x07), domain));
        CHECK_FALSE(is_known_deviation(fault(0x05), fault(0x09), domain));
    }
    CHECK_FALSE(is_known_deviation(fault(0x07), fault(0x0b), CLIENT));
    CHECK_FALSE(is_known_deviation(fault(0x07), fault(0x0b), MANAGER));
    CHECK_FALSE(is_known_deviation(fault(0x06), page(0x1000), CLIENT));
    CHECK_FALSE(is_known_deviation(fault(0x06), page(0x1000), NO_ACCESS));
}

TEST_CASE("differential: random descriptors are of the kinds that can be compared, and of all of them") {
    Random random(42);
    u32 faults = 0, tables = 0, sections = 0;
    for (int i = 0; i < 10'000; ++i) {
        const u32 word = random_first_level(random, 0x4000'8400);
        switch (word & 3) {
        case 0:
            ++faults;
            break;
        case 1:
            REQUIRE((word & 0xffff'fc00) == 0x4000'8400);
            ++tables;
            break;
        default:
            REQUIRE((word & (1u << 18)) == 0);
            REQUIRE((word & (1u << 15 | 3u << 10)) != 1u << 15); // AP = 0b100
            ++sections;
            break;
        }
    }
    CHECK(faults > 1000);
    CHECK(tables > 1000);
    CHECK(sections > 1000);
}
