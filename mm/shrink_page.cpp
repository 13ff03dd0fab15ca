// The steps on which a page may leave memory, for each kind of page.
#include "mm/shrink_page.hpp"

#include "mm/filemap.hpp"
#include "mm/page_writeback.hpp"
#include "mm/rmap.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/swap_state.hpp"
#include "mm/vmscan.hpp"

namespace faultline {
namespace {

void count(std::atomic<u32>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

// The file of the page, which stays while it is isolated; nullptr: it is anonymous.
AddressSpace* mapping_of(const IsolatedPage& page) { return page_mapping(*page); }

// What MADV_FREE has given up needs no swap, so it stays with the pages that do not, as long as it may go.
LruList active_list_of(const Page& page) { return page.test(PG_LAZYFREE) ? LRU_ACTIVE_FILE : LRU_ACTIVE_ANON; }
LruList inactive_list_of(const Page& page) { return page.test(PG_LAZYFREE) ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON; }

// Dirty pages that reclaim has met, to be written.
struct ToWrite {
    MappingRef mapping;
    u32 index = 0;
};

// Frees the page of a disk. With the lock held, nobody can come by another reference: so if the cache and reclaim have the only
// two, nobody uses the page.
bool drop_file_page(AddressSpace& mapping, IsolatedPage page, ToWrite& dirty) {
    PageRef freed; // dropped after the lock
    const Guard lock(mapping.lock);
    if (page_referenced(mapping, *page)) {
        count(vmscan_stat.pgactivate);
        page.put_back(LRU_ACTIVE_FILE);
    } else if (page->test(PG_DIRTY) && !page->test(PG_WRITEBACK)) {
        dirty = {MappingRef::of(mapping), page->index};
        page.put_back_as_oldest(LRU_INACTIVE_FILE);
    } else if (page->test(PG_WRITEBACK) || !try_to_unmap(mapping, *page) || page_count(*page) != 2) {
        page.put_back(LRU_INACTIVE_FILE);
    } else {
        freed = PageRef(page.take());
        static_cast<void>(delete_from_page_cache(mapping, *freed));
    }
    unpark_all(mapping.waiters); // truncation may wait for the page
    return bool(freed);
}

bool shrink_file_page(AddressSpace& mapping, IsolatedPage page) {
    ToWrite dirty;
    const bool freed = drop_file_page(mapping, std::move(page), dirty);
    if (dirty.mapping) // and those behind it: they are of one age, most likely
        filemap_fdatawrite_range(*dirty.mapping, dirty.index, dirty.index + SWAP_CLUSTER_MAX);
    return freed;
}

bool shrink_shmem_page(AddressSpace& mapping, IsolatedPage page) {
    {
        const Guard lock(mapping.lock);
        const bool used = page_referenced(mapping, *page);
        if (used || mapping.unevictable || !can_swap() || !try_to_unmap(mapping, *page) || page_count(*page) != 2) {
            if (used)
                count(vmscan_stat.pgactivate);
            page.put_back(LRU_ACTIVE_ANON);
            unpark_all(mapping.waiters);
            return false;
        }
    }
    return shmem_writepage(std::move(page));
}

enum class Unmapped : u8 { Yes, No, Discarded };

// Takes the page from all its entries, which refer to its slot then.
Unmapped unmap_anon_page(Page& page) {
    const AnonVmaReader reader;
    if (page_referenced(reader, page)) {
        count(vmscan_stat.pgactivate);
        return Unmapped::No;
    }
    if (page.test(PG_LAZYFREE)) {
        if (discard_lazyfree(reader, page))
            return Unmapped::Discarded;
        page.clear(PG_LAZYFREE); // it was written to again, or is needed just now
    }
    if (page.test(PG_HWPOISON))
        return Unmapped::No;
    if (!page.test(PG_SWAPCACHE) && (page_mapcount(page) == 0 || !add_to_swap(page)))
        return Unmapped::No;
    if (try_to_unmap(reader, page))
        return Unmapped::Yes;
    if (page.test(PG_SWAPCACHE)) // VM_LOCKED keeps it: then no entry needs the slot
        try_to_free_swap(page);
    return Unmapped::No;
}

// Frees it if it is in its slot, and nobody has begun to use it again.
bool drop_anon_page(Page& page) {
    if (page.test(PG_DIRTY) && !write_swap_cache(page).ok())
        return false;
    return remove_from_swap_cache(page);
}

bool shrink_anon_page(IsolatedPage page) {
    const Unmapped unmapped = unmap_anon_page(*page);
    if (unmapped == Unmapped::Discarded || (unmapped == Unmapped::Yes && drop_anon_page(*page))) {
        const PageRef freed(page.take());
        return true;
    }
    if (page->test(PG_HWPOISON) && page->test(PG_SWAPCACHE))
        drop_poisoned_from_swap_cache(*page); // memory_failure() may have come before it got its slot
    page.put_back(active_list_of(*page));
    return false;
}

} // namespace

bool shrink_page(IsolatedPage page) {
    AddressSpace* mapping = mapping_of(page);
    if (mapping == nullptr)
        return shrink_anon_page(std::move(page));
    return mapping_reads(*mapping) ? shrink_file_page(*mapping, std::move(page))
                                   : shrink_shmem_page(*mapping, std::move(page));
}

void deactivate_page(IsolatedPage page) {
    count(vmscan_stat.pgrefill);
    count(vmscan_stat.pgdeactivate);
    AddressSpace* mapping = mapping_of(page);
    if (mapping == nullptr) {
        const AnonVmaReader reader;
        static_cast<void>(page_referenced(reader, *page));
        page.put_back(inactive_list_of(*page));
        return;
    }
    const Guard lock(mapping->lock);
    static_cast<void>(page_referenced(*mapping, *page));
    page.put_back(mapping_reads(*mapping) ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON);
    unpark_all(mapping->waiters);
}

} // namespace faultline
