// The buddy allocator: free blocks of 2^order frames, aligned to their size, in one list per order. A block that comes
// free joins its buddy (the block whose frame number differs in one bit) as long as that is free too. (Linux
// mm/page_alloc.c; Knuth, The Art of Computer Programming 2.5, "buddy system".)
//
// Single pages, most of the traffic, go through a short stack of recently freed ones that each CPU has for itself in
// front of the lists (mm/per_cpu_free.hpp): no splitting and joining either for a page that comes and goes.
#include "mm/page_alloc.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <new>

#include "base/irq_spinlock.hpp"
#include "base/late.hpp"
#include "base/relaxed.hpp"
#include "mm/fail_alloc.hpp"
#include "mm/lru.hpp"
#include "mm/out_of_memory.hpp"
#include "mm/per_cpu_free.hpp"
#include "mm/slab.hpp"
#include "mm/upcalls.hpp"
#include "mm/vmscan.hpp"

namespace faultline {

#if __SIZEOF_POINTER__ == 4 && !defined(FAULTLINE_DEBUG)
static_assert(sizeof(Page) == 32); // of each 4096 bytes
#endif

namespace {

// Pages of a CPU's own. They are PG_PCP, not PG_BUDDY: no buddy joins them.
struct PcpLink {
    static constexpr const char* NAME = "PerCpuPages";
    static Page* next(const Page& page) { return static_cast<Page*>(page.slab); }
    static void set_next(Page& page, Page* next) { page.slab = next; }
};
using PerCpuPages = PerCpuFree<Page, PcpLink>;

struct Zone {
    IrqSpinLock lock{"Zone"}; // also of PG_BUDDY and order of the pages in the lists
    std::array<List<Page, &Page::lru>, MAX_ORDER> free_area GUARDED_BY(lock);
    Relaxed<u32> nr_free = 0; // pages in the lists; changed with the lock held
    Relaxed<u32> nr_total = 0;
    Page* zero_page = nullptr;
    PerCpuPages pcp;

    void set_nr_free(u32 pages) REQUIRES(lock) {
        nr_free = pages;
        memory_is_short = pages < watermarks.low;
    }
    void add_to_free_list(Page& page, u32 order) REQUIRES(lock);
    void del_from_free_list(Page& page, u32 order) REQUIRES(lock);
    void free_block(Page& page, u32 order) REQUIRES(lock);
    u32 smallest_order() const REQUIRES(lock);
    Page* take_block(u32 order) REQUIRES(lock);
    bool take_page(Page& page) REQUIRES(lock);

    void refill(PerCpuPages::Stack& stack) REQUIRES(stack.lock);
    u32 drain(PerCpuPages::Stack& stack, u32 most) REQUIRES(stack.lock);
};

constinit Late<Zone> late_zone; // init_page_allocator builds it
Zone& zone() { return *late_zone; }

u32 index_of(const Page& page) { return static_cast<u32>(&page - mem.map); }

bool heads_free_block(const Page& page, u32 order) { return page.test(PG_BUDDY) && page.order() == order; }

void Zone::add_to_free_list(Page& page, u32 order) {
    page.reset(PG_BUDDY, order);
    free_area[order].push_front(page);
}

void Zone::del_from_free_list(Page& page, u32 order) {
    auto& list = free_area[order];
    list.erase(list.iterator_to(page));
    page.reset(PG_BUDDY, Page::NOT_A_HEAD);
}

// Puts a block, already marked PG_BUDDY, in the lists, joined with its free buddies. (Linux: __free_one_page.)
void Zone::free_block(Page& page, u32 order) {
    u32 index = index_of(page);
    while (order + 1 < MAX_ORDER) {
        const u32 buddy = index ^ (1u << order);
        if (buddy >= mem.max_mapnr || !heads_free_block(mem.map[buddy], order))
            break;
        del_from_free_list(mem.map[buddy], order);
        index &= buddy;
        ++order;
    }
    add_to_free_list(mem.map[index], order);
}

// Of the smallest block in the lists; MAX_ORDER: there is none.
u32 Zone::smallest_order() const {
    u32 order = 0;
    while (order < MAX_ORDER && free_area[order].empty())
        ++order;
    return order;
}

// Takes a block out of the lists, halving a larger one if it must. (Linux: __rmqueue_smallest, expand.)
Page* Zone::take_block(u32 order) {
    u32 have = order;
    while (free_area[have].empty())
        if (++have == MAX_ORDER)
            return nullptr;
    Page& page = free_area[have].front();
    del_from_free_list(page, have);
    while (have > order) {
        --have;
        add_to_free_list(mem.map[index_of(page) + (1u << have)], have);
    }
    return &page;
}

// Takes one page out of the middle of a block, whose other parts stay. False: it is in none. (Linux: break_down_buddy_pages.)
bool Zone::take_page(Page& page) {
    const u32 wanted = index_of(page);
    u32 order = 0;
    while (order < MAX_ORDER && !heads_free_block(mem.map[wanted & ~((1u << order) - 1)], order))
        ++order;
    if (order == MAX_ORDER)
        return false;
    del_from_free_list(mem.map[wanted & ~((1u << order) - 1)], order);
    while (order-- > 0)
        add_to_free_list(mem.map[(wanted & ~((1u << order) - 1)) ^ (1u << order)], order);
    return true;
}

// (Linux: free_pcppages_bulk.)
u32 Zone::drain(PerCpuPages::Stack& stack, u32 most) {
    const Guard guard(lock);
    u32 pages = 0;
    for (; pages < most; ++pages) {
        Page* page = stack.pop();
        if (page == nullptr)
            break;
        page->reset(PG_BUDDY, Page::NOT_A_HEAD);
        free_block(*page, 0);
    }
    set_nr_free(nr_free + pages);
    return pages;
}

void take_free_pages(Page& first, u32 order) {
    first.reset(PageFlags(), order);
    first.slab = nullptr;
    for (Page* page = &first + 1; page != &first + (1u << order); ++page)
        page->reset(PageFlags(), Page::NOT_A_HEAD);
}

// (Linux: rmqueue_bulk.)
void Zone::refill(PerCpuPages::Stack& stack) {
    const Guard guard(lock);
    const u32 wanted = std::min(PerCpuPages::BATCH,
                                nr_free / PerCpuPages::BATCH + 1); // the last ones are not for one CPU alone
    u32 pages = 0;
    while (pages < wanted) {
        // The pages that would come one by one; but a block that is wanted as a whole is not halved.
        const u32 order = std::min(smallest_order(), static_cast<u32>(std::bit_width(wanted - pages)) - 1);
        Page* block = take_block(order);
        if (block == nullptr)
            break;
        for (Page* page = block; page != block + (1u << order); ++page) {
            page->reset(PG_PCP);
            stack.push(*page);
        }
        pages += 1u << order;
    }
    set_nr_free(nr_free - pages);
}

Page* rmqueue_pcp() {
    Zone& z = zone();
    Page* page = z.pcp.take();
    if (page == nullptr) [[unlikely]]
        page = z.pcp.refill_and_take(z);
    if (page != nullptr)
        take_free_pages(*page, 0);
    return page;
}

Page* rmqueue_buddy(u32 order) {
    Zone& z = zone();
    const Guard guard(z.lock);
    Page* page = z.take_block(order);
    if (page == nullptr)
        return nullptr;
    z.set_nr_free(z.nr_free - (1u << order));
    take_free_pages(*page, order);
    return page;
}

Page* rmqueue(u32 order) { return order == 0 ? rmqueue_pcp() : rmqueue_buddy(order); }

constexpr PageFlags FREE = PG_BUDDY | PG_PCP;

[[noreturn]] void bad_page(const Page& page, u32 order) {
    const char* what = page_mapcount(page) != 0          ? "still mapped"
                       : page_count(page) != 0           ? "still referenced"
                       : page.test(FREE)                 ? "free already"
                       : page.test(PG_RESERVED)          ? "not the allocator's"
                       : page.test(PG_LRU | PG_ISOLATED) ? "in a list of reclaim"
                       : page.test(PG_SWAPCACHE)         ? "in the swap cache"
                                                         : "of another order";
    panic("free_pages: frame %#x is %s (order %u; flags %#x, order %u, refcount %d, mapcount %d)",
          page_to_pfn(page).value(), what, order, page.flags.load(std::memory_order_relaxed), page.order(),
          page_count(page), page_mapcount(page));
}

// Whether the page may be freed: it is not free already, and nothing refers to it.
bool may_be_freed(const Page& page) {
    const u32 wrong_flags =
        page.flags.load(std::memory_order_relaxed) & (FREE | PG_RESERVED | PG_LRU | PG_ISOLATED | PG_SWAPCACHE).bits();
    return (static_cast<u32>(page_mapcount(page)) | static_cast<u32>(page_count(page)) | wrong_flags) == 0;
}

// Which frames lie wholly behind one address, and before another.
u32 first_index(PhysAddr start) { return (start - ram_start() + PAGE_SIZE - 1) >> PAGE_SHIFT; }
u32 end_index(PhysAddr end) { return (end - ram_start()) >> PAGE_SHIFT; }

// Gives frames [first, last) to the allocator, in blocks as large as their alignment allows. Nothing refers to them.
void release(u32 first, u32 last) {
    for (u32 index = first; index < last; ++index)
        mem.map[index].reset(PG_BUDDY, Page::NOT_A_HEAD);
    Zone& z = zone();
    const Guard guard(z.lock);
    z.set_nr_free(z.nr_free + (last - first));
    z.nr_total = z.nr_total + (last - first);
    while (first < last) {
        u32 order = MAX_ORDER - 1;
        while ((first & ((1u << order) - 1)) != 0 || first + (1u << order) > last)
            --order;
        z.free_block(mem.map[first], order);
        first += 1u << order;
    }
}

// Frames [first, last) are not the allocator's.
void reserve(u32 first, u32 last) {
    for (u32 index = first; index < last; ++index) {
        mem.map[index].reset(PG_RESERVED);
        mem.map[index].refcount.set(1);
    }
}

} // namespace

void init_page_allocator(PhysAddr free_start, PhysAddr free_end, PhysRange kept) {
    // Blocks are aligned in the array; so that they are in memory too, RAM must start at a multiple of the largest.
    BUG_ON((ram_start().value() & ((PAGE_SIZE << (MAX_ORDER - 1)) - 1)) != 0);
    mem.max_mapnr = ram_bytes() >> PAGE_SHIFT;
    mem.min_low_pfn = Pfn::of(ram_start());
    const u32 map_start = page_align_up(free_start.value());
    const u64 map_end = map_start + u64{mem.max_mapnr} * sizeof(Page);
    if (free_start < ram_start() || free_end - ram_start() > ram_bytes() || map_end > kept.start.value())
        panic("init_page_allocator: no room for the page array in [%#x, %#x)", static_cast<unsigned>(map_start),
              static_cast<unsigned>(kept.start.value()));

    late_zone.emplace();
    kmem_cache_init();
    mem.map = static_cast<Page*>(phys_to_virt(PhysAddr(map_start)));
    mem.start = static_cast<std::byte*>(phys_to_virt(ram_start()));
    const auto map = reinterpret_cast<std::uintptr_t>(mem.map);
    mem.of_pfn_0 = map - std::uintptr_t{mem.min_low_pfn.value()} * sizeof(Page);
    mem.of_address_0 = map - (reinterpret_cast<std::uintptr_t>(mem.start) >> PAGE_SHIFT) * sizeof(Page);
    for (u64 at = map_start; at < map_end; at += PAGE_SIZE) // a Page of zeros is as good as constructed
        clear_page(phys_to_virt(PhysAddr(static_cast<u32>(at))));
    const u32 first = first_index(PhysAddr(static_cast<u32>(map_end))), last = end_index(free_end);
    reserve(0, first);
    release(first, end_index(kept.start));
    reserve(end_index(kept.start), first_index(kept.end));
    release(first_index(kept.end), last);
    reserve(last, mem.max_mapnr);
    init_lru();
    init_vmscan();
    set_min_free_kbytes(calculate_min_free_kbytes());

    PageRef zero = alloc_zeroed_page(GFP_ATOMIC);
    BUG_ON(!zero);
    zero->set(PG_RESERVED);
    zone().zero_page = zero.release();
    zone().nr_total = zone().nr_total - 1;
}

void free_reserved_range(PhysAddr start, PhysAddr end) {
    const u32 first = first_index(start), last = end_index(end);
    BUG_ON(last > mem.max_mapnr);
    if (first >= last)
        return;
    for (u32 index = first; index < last; ++index) {
        BUG_ON(!mem.map[index].test(PG_RESERVED));
        mem.map[index].refcount.set(0);
    }
    release(first, last);
}

namespace {

// Frees what can be freed. False: that was nothing, and the lists are still empty (another CPU may have put pages back
// since). After true, a block of several pages may still be missing.
bool reclaim(u32 order) {
    const u32 pages = shrink_caches() + zone().pcp.drain_all(zone()); // what a CPU holds may be what completes a block
    return pages != 0 || (order == 0 && zone().nr_free != 0);
}

} // namespace

Page* alloc_pages(u32 order) {
    BUG_ON(order >= MAX_ORDER);
    if (should_fail_alloc_page(order)) [[unlikely]]
        return nullptr;
    Page* page = rmqueue(order);
    while (page == nullptr) [[unlikely]] {
        const bool more = reclaim(order);
        page = rmqueue(order);
        if (page == nullptr && !more) {
            nr_failed_allocations.fetch_add(1, std::memory_order_relaxed);
            return nullptr;
        }
    }
    page->refcount.set(1);
    return page;
}

bool take_page_off_buddy(Page& page) {
    Zone& z = zone();
    static_cast<void>(z.pcp.drain_all(z)); // a CPU may have it
    const Guard guard(z.lock);
    if (!z.take_page(page))
        return false;
    z.set_nr_free(z.nr_free - 1);
    take_free_pages(page, 0);
    page.refcount.set(1);
    return true;
}

namespace {

// kswapd is to begin, and if there is very little, the caller frees some pages itself.
void make_room() {
    if (reclaim_is_hopeless())
        return;
    wakeup_kswapd();
    if (zone().nr_free < watermarks.min)
        try_to_free_pages(SWAP_CLUSTER_MAX);
}

} // namespace

PageRef alloc_page_slowpath() {
    make_room();
    Page* page = alloc_pages(0);
    while (page == nullptr && try_to_free_pages(SWAP_CLUSTER_MAX) != 0)
        page = alloc_pages(0);
    return PageRef(page);
}

namespace {

// Anonymous memory stays in the lists of reclaim until here. Whoever takes it out there has a reference.
bool leaves_lists(Page& page) {
    return page.test(PG_ANON | PG_SWAPBACKED) && page_count(page) == 0 && page.test(PG_LRU) && lru_cache_del(page);
}

void check_may_be_freed(Page& page, u32 order) {
    if (!may_be_freed(page)) [[unlikely]]
        if (!leaves_lists(page) || !may_be_freed(page))
            bad_page(page, order);
    DEBUG_BUG_ON(tlb_can_reach(page_to_pfn(page)));
}

// (Linux: free_unref_page_commit.)
void free_to_pcp(Page& page) {
    check_may_be_freed(page, 0);
    page.reset(PG_PCP);
    zone().pcp.give(page, zone());
}

void free_to_buddy(Page& page, u32 order) {
    Zone& z = zone();
    const Guard guard(z.lock);
    for (Page* each = &page; each != &page + (1u << order); ++each) {
        check_may_be_freed(*each, order);
        each->reset(PG_BUDDY, Page::NOT_A_HEAD);
    }
    z.set_nr_free(z.nr_free + (1u << order));
    z.free_block(page, order);
}

} // namespace

void free_pages(Page& page, u32 order) {
    BUG_ON(order >= MAX_ORDER);
    if (page.order() != order) [[unlikely]]
        bad_page(page, order);
    if (order == 0)
        free_to_pcp(page);
    else
        free_to_buddy(page, order);
}

u32 nr_free_pages() { return zone().nr_free + nr_reserved_slab_pages() + zone().pcp.count(); }
u32 nr_buddy_pages() { return zone().nr_free; }
u32 nr_total_pages() { return zone().nr_total; }
Page& zero_page() { return *zone().zero_page; }

} // namespace faultline
