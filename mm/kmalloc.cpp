// Memory by size: caches of a few sizes, and whole pages for what is larger. (Linux mm/slab_common.c.)
#include "mm/kmalloc.hpp"

#include <array>
#include <bit>

#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {
namespace {

// Sizes that share out a page after its header without much loss.
constinit KmemCache caches[] = {
    {"kmalloc-16", 16, 8},   {"kmalloc-32", 32, 8},   {"kmalloc-64", 64, 8},     {"kmalloc-96", 96, 8},
    {"kmalloc-128", 128, 8}, {"kmalloc-192", 192, 8}, {"kmalloc-256", 256, 8},   {"kmalloc-384", 384, 8},
    {"kmalloc-576", 576, 8}, {"kmalloc-800", 800, 8}, {"kmalloc-1352", 1352, 8}, {"kmalloc-2032", 2032, 8},
};
constexpr u32 SIZES[] = {16, 32, 64, 96, 128, 192, 256, 384, 576, 800, 1352, 2032};
static_assert(std::size(caches) == std::size(SIZES) && SIZES[std::size(SIZES) - 1] == KmemCache::MAX_SIZE);

// Which cache serves a size, by units of 16 bytes.
constexpr auto cache_index = [] {
    std::array<u8, KmemCache::MAX_SIZE / 16 + 1> index{};
    for (u32 unit = 0; unit < index.size(); ++unit)
        while (SIZES[index[unit]] < unit * 16)
            ++index[unit];
    return index;
}();

} // namespace

void* kmalloc(u32 bytes) {
    if (bytes <= KmemCache::MAX_SIZE) [[likely]]
        return caches[cache_index[(bytes + 15) / 16]].alloc();
    if (bytes > PAGE_SIZE << (MAX_ORDER - 1))
        return nullptr;
    Page* page = alloc_pages(static_cast<u32>(std::bit_width((bytes - 1) >> PAGE_SHIFT)));
    return page != nullptr ? page_address(*page) : nullptr;
}

void kfree(void* object) {
    if (object == nullptr)
        return;
    Page& page = virt_to_page(object);
    if (page.test(PG_SLAB)) [[likely]] {
        static_cast<KmemCache*>(page.slab)->free(object);
        return;
    }
    if (page_address(page) != object)
        panic("kfree: %p is not what kmalloc returned", object);
    put_page(page);
}

} // namespace faultline
