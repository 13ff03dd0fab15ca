// base/refcount.hpp: it counts, it never wraps round, and it reports what cannot be.
#include "base/refcount.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <climits>
#include <vector>

#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "tests/contract/contract.hpp"
#include "tests/host/harness.hpp"
#include "tests/host/panic.hpp"

namespace faultline {
namespace {

// The page at `address`, with one more reference from get_user_pages.
PageRef pin(MmStruct& mm, UserAddr address) {
    PageRef page;
    REQUIRE(get_user_pages(MmapReadGuard(mm), address, 1, FOLL_WRITE, &page).ok());
    return page;
}

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

TEST_CASE("refcount: a page that was pinned 2^31 times is never given out again") {
    const harness::Host host;
    contract::TestMm test;
    const UserAddr address = test.map_anon(1);
    REQUIRE(contract::write(address, 7));
    Page& page = *test.page(address);
    page.refcount.set(INT_MAX); // the mapping's reference, and all pins but one
    {
        const PageRef pinned = pin(test.mm(), address);
        REQUIRE(pinned.get() == &page);
        REQUIRE(do_munmap(test.mm(), address, PAGE_SIZE).ok());
    }
    put_page(page);
    CHECK(page_count(page) == Refcount::SATURATED);
    CHECK(*static_cast<const u32*>(page_address(page)) == 7);
    std::vector<Page*> others;
    while (Page* other = alloc_pages(0))
        others.push_back(other);
    CHECK(std::count(others.begin(), others.end(), &page) == 0);
    for (Page* other : others)
        put_page(*other);

    page.refcount.set(1); // as if it had never saturated
    put_page(page);
}

} // namespace
} // namespace faultline
