// base/refcount.hpp: it counts, it never comes round, and it notices what cannot be.
#include "base/refcount.hpp"

#include <catch2/catch.hpp>
#include <climits>

#include "tests/host/panic.hpp"

namespace faultline {
namespace {

TEST_CASE("refcount: the last one is the last") {
    Refcount count(1);
    count.inc();
    CHECK(count.read() == 2);
    CHECK_FALSE(count.dec_and_test());
    CHECK(count.dec_and_test());
    CHECK(count.read() == 0);
}

TEST_CASE("refcount: what is gone is not found again, and a mistake panics") {
    Refcount count(0);
    CHECK_FALSE(count.inc_not_zero());
    CHECK_THROWS_AS(count.inc(), KernelPanic);
    CHECK(count.read() == 0);
    CHECK_THROWS_AS(count.dec_and_test(), KernelPanic);
    CHECK(count.read() == 0);
    count.set(1);
    CHECK(count.inc_not_zero());
    CHECK(count.read() == 2);
}

TEST_CASE("refcount: an overflow saturates, and stays") {
    Refcount count(INT_MAX);
    count.inc();
    for (int i = 0; i < 3; ++i)
        count.inc();
    CHECK(count.read() == Refcount::SATURATED);
    CHECK_FALSE(count.dec_and_test());
    CHECK(count.read() == Refcount::SATURATED);
    CHECK(count.inc_not_zero());
    CHECK(count.read() == Refcount::SATURATED);
}

} // namespace
} // namespace faultline
