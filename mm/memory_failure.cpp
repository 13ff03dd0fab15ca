// Takes a lost frame away from those who use it.
//
// PG_HWPOISON is set first. What gives a page a new entry, a slot, or a place in a list asks for it with the lock held under which it
// does so. memory_failure() takes the same locks afterwards: so it finds what was done before, and nothing is done after it.
//
// A lost page keeps one reference for ever, and so never becomes free.
#include "mm/memory_failure.hpp"

#include "mm/lru.hpp"
#include "mm/rmap.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/swap_state.hpp"

namespace faultline {
namespace {

// False: it was lost before.
bool set_poisoned(Page& page) {
    if (page.test_and_set(PG_HWPOISON))
        return false;
    get_page(page);
    num_poisoned_pages.fetch_add(1, std::memory_order_relaxed);
    return true;
}

bool is_cached_in(const AddressSpace& mapping, const Page& page) { return page_mapping(page) == &mapping; }

// Waits until neither a transfer nor reclaim has the page, which leaves the lists by age. False: it is not in the cache any more.
bool take_from_lists(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock) {
    while (is_cached_in(mapping, page)) {
        if (!page.test(PG_LOCKED | PG_WRITEBACK) && lru_cache_del(page))
            return true;
        park(mapping.waiters, mapping.lock);
    }
    return false;
}

// Takes the page from its file. A page of a tmpfs leaves `record` behind. Returns the cache's reference; none: the file has lost the
// page already. (Linux: me_pagecache_clean, me_pagecache_dirty.)
PageRef remove_lost_page(AddressSpace& mapping, Page& page, SwappedPage* record) {
    const Guard lock(mapping.lock);
    if (!take_from_lists(mapping, page))
        return {};
    set_poisoned(page); // for the first time, because it was in the cache
    const bool can_be_read = record == nullptr && !page.test(PG_DIRTY);
    try_to_unmap(mapping, page, can_be_read ? TTU_IGNORE_MLOCK : TTU_IGNORE_MLOCK | TTU_HWPOISON);
    if (record != nullptr)
        return replace_in_page_cache(mapping, page, *record, make_hwpoison_entry(page_to_pfn(page)));
    if (!can_be_read)
        mapping.wb_err.set();
    return delete_from_page_cache(mapping, page);
}

Result<void> lose_file_page(AddressSpace& mapping, Page& page) {
    SwappedPage* record = mapping_reads(mapping) ? nullptr : new_swapped_record();
    if (record == nullptr && !mapping_reads(mapping))
        return Err(Errno::NOMEM);
    if (remove_lost_page(mapping, page, record))
        return {};
    if (record != nullptr)
        free_swapped_record(*record);
    return Err(set_poisoned(page) ? Errno::BUSY : Errno::HWPOISON);
}

// Takes the page from its entries, and from the swap cache if it need not stay there.
void take_from_programs(Page& page) {
    settle_poisoned_in_swap_cache(page);
    {
        const AnonVmaReader reader;
        if (page.test(PG_SWAPCACHE))
            try_to_unmap(reader, page, TTU_IGNORE_MLOCK);
        try_to_unmap(reader, page, TTU_IGNORE_MLOCK | TTU_HWPOISON); // what could not refer to a slot
    }
    drop_poisoned_from_swap_cache(page);
}

Result<void> lose_anon_page(Page& page) {
    if (!set_poisoned(page))
        return Err(Errno::HWPOISON);
    static_cast<void>(lru_cache_del(page)); // false: reclaim has it, and it will not come back to a list
    take_from_programs(page);
    return {};
}

// A reference to a page that programs use; none: it is something else, or free.
PageRef get_hwpoison_page(Page& page) {
    constexpr PageFlags OF_PROGRAMS = PG_ANON | PG_LRU | PG_SWAPCACHE;
    if (!page.test(OF_PROGRAMS) || !page.refcount.inc_not_zero())
        return {};
    PageRef got(&page);
    if (!page.test(OF_PROGRAMS)) // it may have become another page meanwhile
        return {};
    return got;
}

// The file of the page, which is in no cache but one of a file, if any. Reclaim keeps the file as long as it has the page, and so does
// this. AGAIN: reclaim has it.
Result<MappingRef> mapping_of(Page& page) {
    if (page.is_anon() || page.test(PG_SWAPCACHE))
        return MappingRef();
    IsolatedPage isolated = IsolatedPage::of(page);
    if (!isolated)
        return Err(Errno::AGAIN);
    AddressSpace& mapping = *page_mapping(page);
    const bool kept = mapping.ops->get_not_zero == nullptr || mapping.ops->get_not_zero(mapping);
    const Guard lock(mapping.lock);
    isolated.put_back(mapping_reads(mapping) ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON);
    unpark_all(mapping.waiters);
    return MappingRef(kept ? &mapping : nullptr);
}

} // namespace

Result<void> memory_failure(PageRef page, MappingRef mapping) {
    if (page->test(PG_RESERVED | PG_SLAB | PG_TABLE))
        return Err(Errno::BUSY);
    if (page->is_anon() || page->test(PG_SWAPCACHE))
        return lose_anon_page(*page);
    if (mapping)
        return lose_file_page(*mapping, *page);
    return Err(Errno::BUSY);
}

Result<void> hard_offline_page(Pfn pfn) {
    if (!pfn_valid(pfn))
        return Err(Errno::NXIO);
    Page& page = pfn_to_page(pfn);
    if (page.test(PG_HWPOISON))
        return Err(Errno::HWPOISON);
    if (PageRef used = get_hwpoison_page(page)) {
        auto mapping = mapping_of(page);
        return mapping ? memory_failure(std::move(used), std::move(mapping.value())) : Err(Errno::BUSY);
    }
    if (!take_page_off_buddy(page))
        return Err(Errno::BUSY);
    set_poisoned(page);
    put_page(page); // it has another one now
    return {};
}

bool is_lost_in_swap_cache(Page& page) {
    if (!page.test(PG_HWPOISON))
        return false;
    take_from_programs(page);
    return page.test(PG_SWAPCACHE);
}

void unpoison_memory(Page& page) {
    BUG_ON(!page.test(PG_HWPOISON) || page_count(page) != 1);
    page.clear(PG_HWPOISON);
    num_poisoned_pages.fetch_sub(1, std::memory_order_relaxed);
    put_page(page);
}

} // namespace faultline
