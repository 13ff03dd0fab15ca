// Slab caches and kmalloc.
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "mm/page_alloc.hpp"
#include "tests/host/harness.hpp"
#include "tests/host/panic.hpp"

namespace faultline {
namespace {

using harness::Host;

constinit KmemCache small("slab_test_small", 24, 8);
constinit KmemCache wide("slab_test_wide", 200, 64);
constinit KmemCache largest("slab_test_largest", KmemCache::MAX_SIZE, 8);

std::uintptr_t number(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

TEST_CASE("slab: objects are aligned, and none overlaps another") {
    Host host;
    struct Case {
        KmemCache& cache;
        u32 size, align;
    };
    for (const auto& [cache, size, align] :
         {Case{small, 24, 8}, Case{wide, 200, 64}, Case{largest, KmemCache::MAX_SIZE, 8}}) {
        std::vector<std::byte*> objects;
        for (u32 i = 0; i < 500; ++i) {
            objects.push_back(static_cast<std::byte*>(cache.alloc()));
            REQUIRE(number(objects.back()) % align == 0);
            std::memset(objects.back(), static_cast<int>(i % 251), size);
        }
        CHECK(cache.in_use() == 500);
        for (u32 i = 0; i < 500; ++i)
            REQUIRE(
                std::all_of(objects[i], objects[i] + size, [&](std::byte byte) { return byte == std::byte(i % 251); }));
        for (std::byte* object : objects)
            cache.free(object);
        CHECK(cache.in_use() == 0);
    }
}

TEST_CASE("slab: the object freed last is handed out first") {
    Host host;
    void* first = small.alloc();
    void* second = small.alloc();
    small.free(first);
    CHECK(small.alloc() == first);
    small.free(first);
    small.free(second);
}

TEST_CASE("slab: empty slabs go back to the page allocator, used ones stay") {
    Host host;
    std::vector<void*> objects;
    for (int i = 0; i < 10; ++i)
        objects.push_back(largest.alloc()); // two to a page
    CHECK(largest.shrink() == 0);
    for (int i = 1; i < 10; ++i)
        largest.free(objects[static_cast<std::size_t>(i)]);
    CHECK(nr_reserved_slab_pages() == 4);
    CHECK(largest.shrink() == 4);
    CHECK(largest.shrink() == 0);
    largest.free(objects[0]);
    CHECK(largest.shrink() == 1);
}

TEST_CASE("slab: random traffic keeps every object's contents and the counts") {
    Host host;
    std::mt19937 random(3);
    std::vector<u64*> objects;
    for (u64 step = 0; step < 20000; ++step) {
        if (objects.empty() || random() % 100 < (step / 5000 % 2 == 0 ? 70u : 30u)) {
            auto* object = static_cast<u64*>(small.alloc());
            object[0] = object[1] = object[2] = number(object) * 3;
            objects.push_back(object);
        } else {
            std::swap(objects[random() % objects.size()], objects.back());
            u64* object = objects.back();
            REQUIRE((object[0] == number(object) * 3 && object[1] == object[0] && object[2] == object[0]));
            small.free(object);
            objects.pop_back();
        }
        REQUIRE(small.in_use() == objects.size());
    }
    for (u64* object : objects)
        small.free(object);
}

TEST_CASE("slab: wrong frees panic") {
    Host host;
    host.forgive_leaks();
    auto* object = static_cast<std::byte*>(small.alloc());
    SECTION("twice") {
        small.free(object);
        CHECK_THROWS_WITH(small.free(object), Catch::Contains("free already"));
    }
    SECTION("twice, with others in between") {
        void* other = small.alloc();
        small.free(object);
        small.free(other);
        CHECK_THROWS_WITH(small.free(object), Catch::Contains("free already"));
    }
    SECTION("of another cache") {
        CHECK_THROWS_WITH(wide.free(object), Catch::Contains("no object of slab_test_wide"));
    }
    SECTION("not the start of an object") { CHECK_THROWS_AS(small.free(object + 8), KernelPanic); }
    SECTION("the slab's own header") {
        CHECK_THROWS_AS(small.free(reinterpret_cast<void*>(number(object) & ~std::uintptr_t{PAGE_SIZE - 1})),
                        KernelPanic);
    }
}

TEST_CASE("slab: an object that happens to look free may be freed") {
    Host host;
    void* object = small.alloc();
    small.free(object);
    std::byte looks_free[24];
    std::memcpy(looks_free, object, sizeof looks_free);
    CHECK(small.alloc() == object);
    std::memcpy(object, looks_free, sizeof looks_free);
    small.free(object);
    CHECK(small.in_use() == 0);
}

TEST_CASE("slab: out of memory is nullptr") {
    Host host;
    std::vector<Page*> pages;
    while (Page* page = alloc_pages(0))
        pages.push_back(page);
    CHECK(largest.alloc() == nullptr);
    CHECK(kmalloc(100) == nullptr);
    CHECK(kmalloc(5000) == nullptr);
    for (Page* page : pages)
        put_page(*page);
    void* object = largest.alloc();
    CHECK(object != nullptr);
    largest.free(object);
}

TEST_CASE("slab: what CPUs have for themselves is free, and comes back when memory is short") {
    Host host({.cpus = 2});
    const auto act_as = [](u32 cpu) { model::Machine::get().select_cpu(cpu); };
    const u32 total = nr_free_pages();
    std::vector<void*> objects;
    for (int i = 0; i < 20; ++i)
        objects.push_back(largest.alloc());
    for (std::size_t i = 0; i < objects.size(); ++i) {
        act_as(i % 2);
        largest.free(objects[i]);
    }
    act_as(0);
    CHECK(largest.in_use() == 0);
    std::vector<Page*> pages;
    while (Page* page = alloc_pages(0))
        pages.push_back(page);
    CHECK(pages.size() == total);
    for (Page* page : pages)
        put_page(*page);
    CHECK(nr_free_pages() == total);
}

TEST_CASE("slab: what another CPU has for itself may not be freed again") {
    Host host({.cpus = 2});
    host.forgive_leaks();
    void* object = small.alloc();
    model::Machine::get().select_cpu(1);
    small.free(object);
    model::Machine::get().select_cpu(0);
    CHECK_THROWS_WITH(small.free(object), Catch::Contains("free already"));
}

TEST_CASE("slab: objects go from CPU to CPU, and more than a CPU keeps go back to their slabs") {
    Host host({.cpus = 2});
    for (int round = 0; round < 3; ++round) {
        std::vector<void*> objects;
        model::Machine::get().select_cpu(0);
        for (int i = 0; i < 1000; ++i)
            objects.push_back(wide.alloc());
        model::Machine::get().select_cpu(1);
        CHECK(wide.in_use() == 1000);
        for (void* object : objects)
            wide.free(object);
        CHECK(wide.in_use() == 0);
    }
    model::Machine::get().select_cpu(0);
}

TEST_CASE("slab: typed construction and destruction") {
    Host host;
    static int alive = 0;
    struct Counted {
        explicit Counted(int n) : value(n) { ++alive; }
        ~Counted() { --alive; }
        int value;
    };
    Counted* object = kmem_new<Counted>(small, 7);
    CHECK(object->value == 7);
    CHECK(alive == 1);
    kmem_delete(small, object);
    CHECK(alive == 0);
    kmem_delete<Counted>(small, nullptr);
}

TEST_CASE("kmalloc: any size, all bytes usable") {
    Host host({.ram_bytes = 32u << 20});
    for (u32 size = 0; size <= 2 * PAGE_SIZE; size += size < 300 ? 1 : 61) {
        void* first = kmalloc(size);
        void* second = kmalloc(size);
        REQUIRE((first != nullptr && second != nullptr));
        CHECK(number(first) % 8 == 0);
        if (size > KmemCache::MAX_SIZE)
            CHECK(number(first) % PAGE_SIZE == 0);
        std::memset(first, 1, size);
        std::memset(second, 2, size);
        if (size > 0)
            CHECK((static_cast<u8*>(first)[0] == 1 && static_cast<u8*>(first)[size - 1] == 1));
        kfree(first);
        kfree(second);
    }
    void* huge = kmalloc(4u << 20);
    REQUIRE(huge != nullptr);
    std::memset(huge, 3, 4u << 20);
    kfree(huge);
    CHECK(kmalloc((4u << 20) + 1) == nullptr);
    kfree(nullptr);
}

TEST_CASE("kmalloc: wrong frees panic") {
    Host host;
    host.forgive_leaks();
    auto* object = static_cast<std::byte*>(kmalloc(100));
    auto* pages = static_cast<std::byte*>(kmalloc(3 * PAGE_SIZE));
    SECTION("inside an object") { CHECK_THROWS_AS(kfree(object + 8), KernelPanic); }
    SECTION("inside pages") { CHECK_THROWS_AS(kfree(pages + 8), KernelPanic); }
    SECTION("a later page of a block") { CHECK_THROWS_AS(kfree(pages + PAGE_SIZE), KernelPanic); }
    SECTION("twice") {
        kfree(object);
        CHECK_THROWS_AS(kfree(object), KernelPanic);
    }
    SECTION("pages twice") {
        kfree(pages);
        CHECK_THROWS_AS(kfree(pages), KernelPanic);
    }
}

} // namespace
} // namespace faultline
