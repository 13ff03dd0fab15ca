// The buddy allocator: blocks of 2^order page frames.
#pragma once

#include <utility>

#include "base/lockdep.hpp"
#include "base/relaxed.hpp"
#include "mm/page.hpp"

namespace faultline {

inline constexpr u32 MAX_ORDER = 11; // orders 0 … 10: up to 4 MiB

// Builds the page array at the beginning of [free_start, free_end) (physical, the RAM not used yet) and frees the rest of that
// range, except for [kept_start, kept_end), whole pages inside it. Once, at boot, before any other function here; panics if there is
// no room for the array below what is kept.
void init_page_allocator(PhysAddr free_start, PhysAddr free_end, PhysAddr kept_start, PhysAddr kept_end);
inline void init_page_allocator(PhysAddr free_start, PhysAddr free_end) {
    init_page_allocator(free_start, free_end, free_end, free_end);
}

// Gives the allocator a range that was reserved so far (the initramfs after unpacking). Whole pages inside it.
void free_reserved_range(PhysAddr start, PhysAddr end);

// 2^order physically contiguous pages with one reference on the first, contents undefined; nullptr if there are
// none (after asking shrink_caches). Callable with spin locks held, not from interrupts.
[[nodiscard]] Page* alloc_pages(u32 order);

// Takes this free page out of the lists, with one reference, so that it is not given to anybody. False: it is not free. (Linux:
// the same name.)
[[nodiscard]] bool take_page_off_buddy(Page& page);

// Frees a block by its first page and order; its reference count must be zero, mapcount zero (panics otherwise).
void free_pages(Page& page, u32 order);

// Drops a reference; the last one frees the block (panics if it is still mapped).
inline void put_page(Page& page) {
    if (page.refcount.dec_and_test())
        free_pages(page, page.order);
}

// A reference to a page, or none; dropped when this goes.
class [[nodiscard]] PageRef {
  public:
    PageRef() = default;
    // Takes over a reference that the caller has; nullptr: none.
    explicit PageRef(Page* page) : page_(page) {}
    // One reference more. The caller has one, or holds a lock that keeps the page.
    static PageRef of(Page& page) {
        get_page(page);
        return PageRef(&page);
    }
    PageRef(PageRef&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
    PageRef& operator=(PageRef&& other) noexcept {
        PageRef before(std::exchange(page_, std::exchange(other.page_, nullptr)));
        return *this;
    }
    ~PageRef() {
        if (page_ != nullptr)
            put_page(*page_);
    }

    explicit operator bool() const { return page_ != nullptr; }
    Page* get() const { return page_; }
    Page& operator*() const { return *page_; }
    Page* operator->() const { return page_; }
    // The reference is the caller's from here on: a page-table entry's, or a structure's.
    [[nodiscard]] Page* release() { return std::exchange(page_, nullptr); }

  private:
    Page* page_ = nullptr;
};

// What an allocation may do. (Linux: the same names.)
using GfpFlags = Flags<struct GfpFlagsTag>;
inline constexpr GfpFlags GFP_ATOMIC{};    // nothing: locks may be held
inline constexpr GfpFlags GFP_KERNEL{0x1}; // free other pages first, and sleep: no lock but an mmap lock for reading

// Fewer pages are free than should be (watermarks.low, mm/vmscan.hpp).
inline constinit Relaxed<bool> memory_is_short = false;

// With GFP_KERNEL, while memory is short: reclaim begins first. (Linux: __alloc_pages_slowpath.)
[[nodiscard]] PageRef alloc_page_slowpath();

// One page, contents undefined or zeros; none: out of memory.
[[nodiscard]] inline PageRef alloc_page(GfpFlags gfp) {
    if (gfp.has(GFP_KERNEL)) {
        lockdep::might_sleep();
        if (memory_is_short) [[unlikely]]
            return alloc_page_slowpath();
    }
    return PageRef(alloc_pages(0));
}
[[nodiscard]] inline PageRef alloc_zeroed_page(GfpFlags gfp) {
    PageRef page = alloc_page(gfp);
    if (page)
        clear_page(page_address(*page));
    return page;
}

// The page of zeros that untouched private memory shows (PG_RESERVED: never counted, never freed).
Page& zero_page();

// Free frames: in the buddy lists, in the CPUs' stacks, and what shrink_caches would give back. Exact while no CPU
// allocates or frees.
u32 nr_free_pages();
u32 nr_buddy_pages(); // in the buddy lists alone: what the watermarks are about
u32 nr_total_pages(); // managed by the allocator since boot

} // namespace faultline
