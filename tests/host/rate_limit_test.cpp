// A few messages of each interval pass, and the next interval tells how many did not.
#include "base/rate_limit.hpp"

#include <catch2/catch.hpp>

#include "tests/host/harness.hpp"

namespace faultline {
namespace {

constexpr u64 SECOND = 1'000'000'000;

TEST_CASE("rate limit: ten messages pass in five seconds, from the first one on") {
    const harness::Host host;
    RateLimit limit;
    const u64 first = 100 * SECOND;
    for (u32 i = 0; i < RateLimit::BURST; ++i)
        CHECK(limit.ask(first + i).permitted);
    for (u32 i = 0; i < 7; ++i)
        CHECK(!limit.ask(first + 5 * SECOND - 1).permitted);
    const auto next = limit.ask(first + 5 * SECOND);
    CHECK((next.permitted && next.missed == 7));
    const auto later = limit.ask(first + 6 * SECOND);
    CHECK((later.permitted && later.missed == 0));
    for (u32 i = 2; i < RateLimit::BURST; ++i)
        CHECK(limit.ask(first + 10 * SECOND - 1).permitted);
    CHECK(!limit.ask(first + 10 * SECOND - 1).permitted);
}

} // namespace
} // namespace faultline
