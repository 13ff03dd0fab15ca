// The buddy allocator: counts, alignment, coalescing, and the mistakes that it must report.
#include "mm/page_alloc.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "mm/slab.hpp"
#include "tests/host/harness.hpp"
#include "tests/host/panic.hpp"

namespace faultline {
namespace {

using harness::Host;

struct Block {
    Page* page;
    u32 order;
    u8 pattern;
};

std::size_t bytes(u32 order) { return std::size_t{PAGE_SIZE} << order; }

void fill(const Block& block) { std::memset(page_address(*block.page), block.pattern, bytes(block.order)); }

bool untouched(const Block& block) {
    const auto* at = static_cast<const u8*>(page_address(*block.page));
    return std::all_of(at, at + bytes(block.order), [&](u8 byte) { return byte == block.pattern; });
}

std::vector<Page*> take_everything() {
    std::vector<Page*> pages;
    while (Page* page = alloc_pages(0))
        pages.push_back(page);
    return pages;
}

TEST_CASE("page_alloc: counts free and total pages") {
    Host host;
    const u32 before = nr_free_pages();
    CHECK(nr_total_pages() - before < 32); // the pages that the CPU's TLB takes, where software fills it
    CHECK(before <= mem.max_mapnr);
    CHECK(before > mem.max_mapnr - mem.max_mapnr / 20); // the page array takes a few per cent
    Page* page = alloc_pages(0);
    Page* block = alloc_pages(3);
    CHECK(nr_free_pages() == before - 9);
    CHECK(page_count(*page) == 1);
    CHECK(page_count(*block) == 1);
    CHECK(page_mapcount(*block) == 0);
    put_page(*page);
    put_page(*block);
    CHECK(nr_free_pages() == before);
}

TEST_CASE("page_alloc: blocks are aligned to their size in physical memory") {
    Host host;
    for (u32 order = 0; order < MAX_ORDER - 1; ++order) {
        Page* block = alloc_pages(order);
        REQUIRE(block != nullptr);
        CHECK(page_to_pfn(*block).value() % (1u << order) == 0);
        CHECK(&virt_to_page(page_address(*block)) == block);
        put_page(*block);
    }
}

TEST_CASE("page_alloc: every page once, then none, then whole blocks again") {
    Host host;
    const u32 total = nr_free_pages();
    auto pages = take_everything();
    CHECK(pages.size() == total);
    CHECK(nr_free_pages() == 0);
    CHECK(alloc_pages(0) == nullptr);
    auto sorted = pages;
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());

    std::mt19937 random(1);
    std::shuffle(pages.begin(), pages.end(), random);
    for (Page* page : pages)
        put_page(*page);
    CHECK(nr_free_pages() == total);
    Page* largest = alloc_pages(MAX_ORDER - 1); // all buddies have been merged
    REQUIRE(largest != nullptr);
    put_page(*largest);
}

TEST_CASE("page_alloc: no block ever overlaps another") {
    Host host;
    std::mt19937 random(2);
    std::vector<Block> blocks;
    for (int step = 0; step < 4000; ++step) {
        if (blocks.empty() || random() % 2 == 0) {
            const u32 order = random() % 4 == 0 ? static_cast<u32>(random() % 7) : 0;
            if (Page* page = alloc_pages(order)) {
                blocks.push_back({page, order, static_cast<u8>(random())});
                fill(blocks.back());
            }
        } else {
            std::swap(blocks[random() % blocks.size()], blocks.back());
            REQUIRE(untouched(blocks.back()));
            put_page(*blocks.back().page);
            blocks.pop_back();
        }
    }
    for (const Block& block : blocks) {
        REQUIRE(untouched(block));
        put_page(*block.page);
    }
}

TEST_CASE("page_alloc: zeroed pages are zero, and so is the zero page") {
    Host host;
    Page* dirty = alloc_pages(0);
    std::memset(page_address(*dirty), 0xff, PAGE_SIZE);
    put_page(*dirty);
    Page* page = alloc_zeroed_page(GFP_ATOMIC).release();
    CHECK(page == dirty); // the page freed last is given out first
    const std::vector<u8> zeros(PAGE_SIZE);
    CHECK(std::memcmp(page_address(*page), zeros.data(), PAGE_SIZE) == 0);
    CHECK(std::memcmp(page_address(zero_page()), zeros.data(), PAGE_SIZE) == 0);
    CHECK(zero_page().test(PG_RESERVED));
    put_page(*page);
}

TEST_CASE("page_alloc: a reference keeps a page") {
    Host host;
    const u32 before = nr_free_pages();
    Page* page = alloc_pages(0);
    get_page(*page);
    put_page(*page);
    CHECK(nr_free_pages() == before - 1);
    put_page(*page);
    CHECK(nr_free_pages() == before);
}

TEST_CASE("page_alloc: freeing what is in use or free panics") {
    Host host;
    host.forgive_leaks();
    Page* page = alloc_pages(0);
    SECTION("referenced") { CHECK_THROWS_WITH(free_pages(*page, 0), Catch::Contains("still referenced")); }
    SECTION("mapped") {
        page->mapcount.store(1);
        CHECK_THROWS_WITH(put_page(*page), Catch::Contains("still mapped"));
    }
    SECTION("tail still mapped") {
        Page* block = alloc_pages(2);
        block[3].mapcount.store(1);
        CHECK_THROWS_WITH(put_page(*block), Catch::Contains("still mapped"));
    }
    SECTION("twice") {
        put_page(*page);
        CHECK_THROWS_WITH(free_pages(*page, 0), Catch::Contains("free already"));
    }
    SECTION("twice, after it joined its buddies") {
        Page* block = alloc_pages(5);
        put_page(*block);
        CHECK_THROWS_WITH(free_pages(*block, 5), Catch::Contains("free already"));
        CHECK_THROWS_WITH(free_pages(block[7], 0), Catch::Contains("free already"));
    }
    SECTION("one reference too many dropped") {
        put_page(*page);
        CHECK_THROWS_AS(put_page(*page), KernelPanic);
    }
    SECTION("a reference on a free page") {
        put_page(*page);
        CHECK_THROWS_AS(get_page(*page), KernelPanic);
    }
    SECTION("of another order") {
        Page* block = alloc_pages(1);
        block->refcount.set(0);
        CHECK_THROWS_WITH(free_pages(*block, 0), Catch::Contains("another order"));
    }
    SECTION("reserved") {
        Page& reserved = virt_to_page(mem.map);
        reserved.refcount.set(0);
        CHECK_THROWS_WITH(free_pages(reserved, 0), Catch::Contains("not the allocator's"));
    }
}

TEST_CASE("page_alloc: memory in empty slabs is free memory, and comes back when it is needed") {
    Host host;
    static constinit KmemCache cache("page_alloc_test", 512, 8);
    const u32 total = nr_free_pages();
    std::vector<void*> objects;
    while (objects.size() < 1000)
        objects.push_back(cache.alloc());
    CHECK(nr_free_pages() < total - 100);
    for (void* object : objects)
        cache.free(object);
    CHECK(nr_free_pages() == total);
    const auto pages = take_everything();
    CHECK(pages.size() == total);
    for (Page* page : pages)
        put_page(*page);
}

TEST_CASE("page_alloc: reserved ranges are given by whole pages") {
    model::Machine machine({.ram_bytes = 8u << 20});
    const PhysAddr start = ram_start() + (1u << 20) + 100;
    const PhysAddr end = ram_start() + (6u << 20);
    init_page_allocator(start, end);
    const u32 before = nr_free_pages();
    CHECK(before < 5u << (20 - PAGE_SHIFT));
    CHECK(mem.map[0].test(PG_RESERVED));
    CHECK(virt_to_page(phys_to_virt(end)).test(PG_RESERVED));

    free_reserved_range(end + 1, end + 4 * PAGE_SIZE - 1); // two whole pages lie inside
    CHECK(nr_free_pages() == before + 2);
    CHECK(nr_total_pages() == before + 2);
    CHECK(virt_to_page(phys_to_virt(end)).test(PG_RESERVED));
    free_reserved_range(end + 5 * PAGE_SIZE + 1, end + 6 * PAGE_SIZE); // none
    CHECK(nr_free_pages() == before + 2);
    CHECK_THROWS_AS(free_reserved_range(end + PAGE_SIZE, end + 2 * PAGE_SIZE), KernelPanic); // given already
}

TEST_CASE("page_alloc: a range that is kept back is given later") {
    model::Machine machine({.ram_bytes = 8u << 20});
    const PhysAddr start = ram_start(), end = ram_start() + (8u << 20), kept = ram_start() + (4u << 20);
    init_page_allocator(start, end, {kept + 1, kept + 2 * PAGE_SIZE - 1}); // parts of two pages
    const u32 before = nr_free_pages();
    CHECK(virt_to_page(phys_to_virt(kept)).test(PG_RESERVED));
    CHECK(virt_to_page(phys_to_virt(kept + PAGE_SIZE)).test(PG_RESERVED));
    CHECK_FALSE(virt_to_page(phys_to_virt(kept + 2 * PAGE_SIZE)).test(PG_RESERVED));
    CHECK_FALSE(virt_to_page(phys_to_virt(end - PAGE_SIZE)).test(PG_RESERVED));
    free_reserved_range(kept, kept + 2 * PAGE_SIZE);
    CHECK(nr_free_pages() == before + 2);
    CHECK_THROWS_WITH(init_page_allocator(start, end, {start, start + PAGE_SIZE}), Catch::Contains("no room"));
}

TEST_CASE("page_alloc: too little memory for the page array panics") {
    model::Machine machine({.ram_bytes = 8u << 20});
    CHECK_THROWS_WITH(init_page_allocator(ram_start(), ram_start() + PAGE_SIZE), Catch::Contains("no room"));
}

} // namespace
} // namespace faultline
