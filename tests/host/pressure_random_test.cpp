// Random programs on a machine that is short of memory: map, touch, fork, age, reclaim, write back, swap, poison, unmap. After
// every operation the laws of pressure_laws.cpp hold, and every read gives what a plain model of memory says.
//
// A program that fails is made as short as it goes, and printed. To repeat it:
//
//   FAULTLINE_PRESSURE='map_anon 0 0 0 0; write 0 0 0 0' host_tests 'pressure: *'    the program itself
//   FAULTLINE_PRESSURE_SEEDS=17-17 host_tests 'pressure: *'                          the whole one that seed 17 gives
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>

#include "tests/host/pressure_run.hpp"

namespace faultline::pressure {
namespace {

constexpr u32 STEPS = 300;
constexpr u32 SHRINKING_RUNS = 2000;

Setting setting_of(u32 seed) {
    return {.ram_pages = seed % 3 == 0 ? 112u : 72u,
            .adversarial = seed % 5 == 0,
            .ad_bits = seed % 2 == 0 ? AdBits::Hardware : AdBits::Software,
            .forgets = 0};
}

Program shrunk(const Program& program, const Setting& setting) {
    return shrink(program, [&](const Program& smaller) { return run(smaller, setting).has_value(); }, SHRINKING_RUNS);
}

void check_seed(u32 seed) {
    const Setting setting = setting_of(seed);
    const Program program = draw(seed, STEPS);
    const auto failure = run(program, setting);
    if (!failure) {
        SUCCEED();
        return;
    }
    const Program smaller = shrunk(program, setting);
    FAIL("seed " << seed << ": " << *failure << "\nshrunk to " << smaller.size() << " steps: "
                 << run(smaller, setting).value_or("nothing") << "\nFAULTLINE_PRESSURE_SEEDS=" << seed << "-" << seed
                 << "\nFAULTLINE_PRESSURE='" << to_text(smaller) << "' (with the setting of seed " << seed << ")");
}

TEST_CASE("pressure: random programs agree with a plain model of memory") {
    if (const char* text = std::getenv("FAULTLINE_PRESSURE")) {
        for (const u32 seed : {1u, 3u, 5u, 15u, 2u, 6u, 10u, 30u}) // one of each setting
            CHECK(run(from_text(text), setting_of(seed)).value_or("") == "");
        return;
    }
    unsigned first = 1, last = 40;
    if (const char* range = std::getenv("FAULTLINE_PRESSURE_SEEDS"))
        REQUIRE(std::sscanf(range, "%u-%u", &first, &last) == 2);
    for (u32 seed = first; seed <= last; ++seed)
        check_seed(seed);
}

// The test of the test: a model that forgets every fifth write is found out, by a program that only maps and writes.
TEST_CASE("pressure: a program that fails shrinks to what matters") {
    Setting setting = setting_of(1);
    setting.forgets = 5;
    const Program program = draw(1, STEPS);
    REQUIRE(run(program, setting));
    const Program smaller = shrunk(program, setting);
    INFO(to_text(smaller));
    REQUIRE(run(smaller, setting));
    CHECK(smaller.size() <= 3);
    CHECK(run(from_text(to_text(smaller)), setting) == run(smaller, setting));
    setting.forgets = 0;
    CHECK(!run(smaller, setting));
}

} // namespace
} // namespace faultline::pressure
