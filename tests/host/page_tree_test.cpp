// The tree of a file's pages, beside a plain map.
#include "mm/page_tree.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"
#include "tests/host/harness.hpp"

namespace faultline {
namespace {

using harness::Host;

struct Trees {
    Host host;
    PageTree tree;
    std::map<u32, std::unique_ptr<Page>> pages; // what it should have
    std::map<u32, bool> tagged;

    ~Trees() {
        while (!pages.empty())
            erase(pages.begin()->first);
        CHECK(tree.empty());
        CHECK_FALSE(tree.any_tagged());
        shrink_caches();
    }
    bool add(u32 index) {
        auto page = std::make_unique<Page>();
        page->index = index;
        const auto there = pages.find(index);
        Page* const found = tree.insert(*page);
        CHECK(found == (there != pages.end() ? there->second.get() : page.get()));
        if (there == pages.end())
            pages.emplace(index, std::move(page));
        return there == pages.end();
    }
    void erase(u32 index) {
        tree.erase(*pages.at(index));
        pages.erase(index);
        tagged.erase(index);
    }
    void tag(u32 index, bool on) {
        on ? tree.set_tag(*pages.at(index)) : tree.clear_tag(*pages.at(index));
        if (on)
            tagged[index] = true;
        else
            tagged.erase(index);
    }
    void check_from(u32 index) const {
        auto all = tree.from(index);
        for (auto page = pages.lower_bound(index); page != pages.end(); ++page, ++all)
            REQUIRE((all != tree.end() && &*all == page->second.get()));
        REQUIRE(all == tree.end());
        auto some = tree.tagged_from(index);
        for (auto page = tagged.lower_bound(index); page != tagged.end(); ++page, ++some)
            REQUIRE((some != tree.end() && some->index == page->first));
        REQUIRE(some == tree.end());
        const auto here = pages.find(index);
        REQUIRE(tree.find(index) == (here != pages.end() ? here->second.get() : nullptr));
        REQUIRE(tree.any_tagged() == !tagged.empty());
        REQUIRE(tree.empty() == pages.empty());
    }
};

TEST_CASE_METHOD(Trees, "page tree: a file of one page, and one with a hole of four thousand million") {
    add(0);
    tag(0, true);
    check_from(0);
    check_from(1);
    add(~u32{0});
    check_from(0);
    check_from(1);
    check_from(~u32{0});
    tag(~u32{0}, true);
    erase(0);
    check_from(0);
    erase(~u32{0});
    add(63);
    add(64);
    check_from(63);
    check_from(64);
    check_from(65);
}

TEST_CASE_METHOD(Trees, "page tree: random pages, as a plain map has them") {
    std::mt19937 random(4711);
    for (const u32 bits : {1, 6, 7, 12, 20, 32}) {
        const auto index = [&] {
            return bits == 32 ? static_cast<u32>(random()) : static_cast<u32>(random()) % (1u << bits);
        };
        for (u32 step = 0; step < 600; ++step) {
            const u32 at = index();
            if (const auto page = pages.lower_bound(at); page != pages.end() && random() % 2 == 0) {
                const u32 there = page->first;
                if (random() % 3 == 0)
                    erase(there);
                else
                    tag(there, random() % 2 == 0);
            } else {
                add(at);
            }
            check_from(at);
            check_from(index());
        }
        check_from(0);
    }
}

TEST_CASE_METHOD(Trees, "page tree: without memory for a node nothing changes") {
    add(5);
    add(70);
    tag(70, true);
    std::vector<Page*> taken;
    const auto take_all = [&] {
        while (Page* page = alloc_pages(0))
            taken.push_back(page);
    };
    take_all();
    std::vector<u32> added;
    u32 refused = 0;
    for (u32 step = 1; step < 1000; ++step) {
        auto page = std::make_unique<Page>();
        page->index = step << 22; // two or three nodes each
        if (tree.insert(*page) == page.get())
            pages.emplace(page->index, std::move(page));
        else
            ++refused;
        check_from(0);
        take_all();
    }
    CHECK(refused > 900);
    for (Page* page : taken)
        put_page(*page);
    CHECK(add(1u << 31));
}

} // namespace
} // namespace faultline
