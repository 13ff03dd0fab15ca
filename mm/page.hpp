// One physical page frame of RAM and the array of all of them (Linux: struct page, mem_map).
#pragma once

#include <atomic>
#include <new>

#include "arch/contract/memory.hpp"
#include "base/assert.hpp"
#include "base/flags.hpp"
#include "base/intrusive.hpp"
#include "base/refcount.hpp"
#include "base/relaxed.hpp"
#include "base/spinlock.hpp"
#include "base/types.hpp"

namespace faultline {

struct AddressSpace;
struct AnonVma;

using PageFlags = Flags<struct PageFlagsTag>;
inline constexpr PageFlags PG_RESERVED{1u << 0}; // not the allocator's: kernel image, device tree, page array
inline constexpr PageFlags PG_BUDDY{1u << 1}; // free; `order` is valid on the head of a block (Linux marks heads only)
inline constexpr PageFlags PG_SLAB{1u << 2};  // belongs to a slab; `slab` is valid
inline constexpr PageFlags PG_ANON{1u << 3};  // private anonymous memory
inline constexpr PageFlags PG_REFERENCED{1u << 4}; // accessed, as told by get_user_pages or by ageing
inline constexpr PageFlags PG_DIRTY{1u << 5};    // its data must not be lost: dirty moves here when entries are cleaned
inline constexpr PageFlags PG_UPTODATE{1u << 6}; // page cache: holds the file's data
inline constexpr PageFlags PG_TABLE{1u << 7};    // a PteTable
inline constexpr PageFlags PG_LAZYFREE{1u << 8}; // MADV_FREE: may be dropped if not dirtied again
inline constexpr PageFlags PG_PCP{1u << 9};      // free, in a CPU's own list (mm/page_alloc.cpp); never with PG_BUDDY
// Anonymous, and one entry alone shows it: a write through that entry needs no copy. Set by the fault that makes the
// page its task's own, cleared by fork; changed with the lock of that entry held. (Linux 5.19: PG_anon_exclusive.)
inline constexpr PageFlags PG_ANON_EXCLUSIVE{1u << 10};
// Page cache of a file with storage behind it; all three change with AddressSpace::lock held (mm/page_writeback.hpp).
inline constexpr PageFlags PG_LOCKED{1u << 11};    // is being read: not PG_UPTODATE yet
inline constexpr PageFlags PG_WRITEBACK{1u << 12}; // is being written
inline constexpr PageFlags PG_TAGGED{1u << 13};    // with a tag in AddressSpace::pages (Linux: PAGECACHE_TAG_DIRTY)
// In a list of pages by age (mm/lru.hpp); changed with the lock of that list held.
inline constexpr PageFlags PG_LRU{1u << 14};
inline constexpr PageFlags PG_ACTIVE{1u << 15};     // beside PG_LRU: in an active one
inline constexpr PageFlags PG_ISOLATED{1u << 16};   // taken out by reclaim, which will put it back or free it
inline constexpr PageFlags PG_SWAPBACKED{1u << 17}; // beside PG_LRU: in one of those whose pages go to swap
inline constexpr PageFlags PG_SWAPCACHE{
    1u << 18}; // has a slot, Page::swap; changed with SwapArea::lock held (mm/swap_state.hpp)
// The frame has lost its data, and is not used again; for ever (mm/memory_failure.hpp).
inline constexpr PageFlags PG_HWPOISON{1u << 19};

// Above these, in the same word, which is why only its owner may reset() it: 4 bits that say in which CPU's list a page of PG_LRU or
// PG_ISOLATED is, and 4 bits of the order of a block.
inline constexpr u32 PAGE_LRU_CPU_SHIFT = 24, PAGE_ORDER_SHIFT = 28;

// `refcount` is 0 on a free page. Each mapping entry holds one reference, the page cache one, and each owner of a
// pointer one. `mapcount` counts the page-table entries that map the page. Both must be 0 when it is freed.
//
// There is one for each page of memory, so it is small, and one of zeros is as the constructor makes it.
struct Page {
    std::atomic<u32> flags{0};
    Refcount refcount{0};
    std::atomic<s32> mapcount{0};
    union {
        u32 index;    // page number in the file, or of PG_ANON in the VMAs of its AnonVma
        SpinLock ptl; // PG_TABLE: guards the entries (mm/pgtable.hpp, pte_lockptr)
    };
    union {
        // Of a file (page_mapping): whose; nullptr: truncated. Its lock guards changes.
        std::atomic<AddressSpace*> mapping{nullptr};
        Relaxed<u32> swap; // PG_SWAPCACHE: its SwapEntry. It is changed with the lock of its area held
    };
    union {
        void* slab = nullptr;           // PG_SLAB: its KmemCache; PG_PCP: the next in the list
        std::atomic<AnonVma*> anon_vma; // PG_ANON: where its entries are found (mm/rmap.hpp)
    };
    ListHook lru; // free list of the allocator, or a list of the owner's

    Page() : index(0) {}

    bool test(PageFlags any) const { return PageFlags(flags.load(std::memory_order_relaxed)).has_any(any); }
    void set(PageFlags more) { flags.fetch_or(more.bits(), std::memory_order_relaxed); }
    // The same, for what mostly is set already: saves the exchange.
    void set_if_clear(PageFlags one) {
        if (!test(one))
            set(one);
    }
    bool test_and_set(PageFlags one) { return (flags.fetch_or(one.bits()) & one.bits()) != 0; }
    void clear(PageFlags fewer) { flags.fetch_and(~fewer.bits(), std::memory_order_relaxed); }
    void reset(PageFlags all, u32 order = 0) {
        flags.store(all.bits() | order << PAGE_ORDER_SHIFT, std::memory_order_relaxed);
    }
    // Of the free or allocated block that this page heads; NOT_A_HEAD: it is in one. (Linux: compound_order.)
    u32 order() const { return flags.load(std::memory_order_relaxed) >> PAGE_ORDER_SHIFT; }
    static constexpr u32 NOT_A_HEAD = 15;
    u32 lru_cpu() const { return flags.load(std::memory_order_relaxed) >> PAGE_LRU_CPU_SHIFT & 15; }
    void set_lru_cpu(u32 cpu) { // the page is in no list
        if (lru_cpu() == cpu)
            return;
        flags.fetch_and(~(15u << PAGE_LRU_CPU_SHIFT), std::memory_order_relaxed);
        flags.fetch_or(cpu << PAGE_LRU_CPU_SHIFT, std::memory_order_relaxed);
    }
    // PG_ANON, when `anon_vma` and `index` are valid: reclaim may find the page from here on, and asks with is_anon().
    void publish_anon(PageFlags more) { flags.fetch_or((PG_ANON | more).bits(), std::memory_order_release); }
    void reset_anon(PageFlags all) { flags.store((PG_ANON | all).bits(), std::memory_order_release); }
    bool is_anon() const { return PageFlags(flags.load(std::memory_order_acquire)).has(PG_ANON); }
};

// All frames of RAM, made by init_page_allocator(). One structure, so that what is used together lies together.
struct MemMap {
    Page* map = nullptr;        // [0] is the first frame of RAM (Linux: mem_map)
    std::byte* start = nullptr; // where the linear mapping of that first frame is
    Pfn min_low_pfn;            // that first frame
    u32 max_mapnr = 0;          // how many
    // Where the structures of frame 0 and of the page at address 0 would be, if the map went so far: so a structure is
    // found with one shift and one addition, and its frame or address the same way back.
    std::uintptr_t of_pfn_0 = 0, of_address_0 = 0;
};
inline constinit MemMap mem;

inline bool pfn_valid(Pfn pfn) { return pfn - mem.min_low_pfn < mem.max_mapnr; }
inline Page& pfn_to_page(Pfn pfn) {
    return *reinterpret_cast<Page*>(mem.of_pfn_0 + std::uintptr_t{pfn.value()} * sizeof(Page));
}
inline Pfn page_to_pfn(const Page& page) {
    return Pfn(static_cast<u32>((reinterpret_cast<std::uintptr_t>(&page) - mem.of_pfn_0) / sizeof(Page)));
}
inline void* page_address(const Page& page) {
    return reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(&page) - mem.of_address_0) / sizeof(Page)
                                   << PAGE_SHIFT);
}
inline Page& virt_to_page(const void* pointer) {
    return *reinterpret_cast<Page*>(mem.of_address_0 +
                                    (reinterpret_cast<std::uintptr_t>(pointer) >> PAGE_SHIFT) * sizeof(Page));
}

// The file whose page this is; nullptr: it is none's, or truncated. (Linux: the same name.)
inline AddressSpace* page_mapping(const Page& page) {
    return page.test(PG_ANON | PG_SWAPCACHE) ? nullptr : page.mapping.load(std::memory_order_relaxed);
}

inline s32 page_count(const Page& page) { return page.refcount.read(); }
inline s32 page_mapcount(const Page& page) { return page.mapcount.load(std::memory_order_relaxed); }

// Adds a reference; the caller has one or holds a lock that keeps the page. put_page() gives it back.
inline void get_page(Page& page) { page.refcount.inc(); }

} // namespace faultline
