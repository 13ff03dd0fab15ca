// The way of a page of a tmpfs to swap and back, and the records of those that are there.
#include "mm/shmem_swap.hpp"

#include "base/late.hpp"
#include "mm/rmap.hpp"
#include "mm/shmem.hpp"
#include "mm/slab.hpp"
#include "mm/swap_state.hpp"
#include "mm/upcalls.hpp"

namespace faultline {
namespace {

constinit KmemCache swapped_cache("shmem_swapped", sizeof(SwappedPage), alignof(SwappedPage));

using SwapList = AutoUnlinkList<AddressSpace, &AddressSpace::swap_link>;
constinit SpinLock swaplist_lock{"shmem_swaplist"}; // taken inside AddressSpace::lock
constinit Late<SwapList> swaplist;

void add_swapped(AddressSpace& mapping, SwappedPage& page) REQUIRES(mapping.lock) {
    mapping.swapped.insert(page);
    mapping.nr_swapped = mapping.nr_swapped + 1;
    {
        const Guard lock(swaplist_lock);
        if (!mapping.swap_link.is_linked())
            swaplist->push_back(mapping);
    }
    swap_entry_settled(page.entry);
}

void del_swapped(AddressSpace& mapping, SwappedPage& page) REQUIRES(mapping.lock) {
    mapping.swapped.erase(mapping.swapped.iterator_to(page));
    mapping.nr_swapped = mapping.nr_swapped - 1;
    swap_free(page.entry);
    free_swapped_record(page);
    if (!mapping.swapped.empty())
        return;
    const Guard lock(swaplist_lock);
    mapping.swap_link.unlink();
}

// The next mapping of the list, which then is the last; none: it is being freed, or the list is empty.
MappingRef next_mapping(u32& left) {
    const Guard lock(swaplist_lock);
    if (left == ~u32{0})
        left = static_cast<u32>(swaplist->size());
    if (left == 0 || swaplist->empty()) {
        left = 0;
        return {};
    }
    --left;
    AddressSpace& mapping = swaplist->front();
    swaplist->pop_front();
    swaplist->push_back(mapping);
    if (mapping.ops->get_not_zero != nullptr && !mapping.ops->get_not_zero(mapping))
        return {};
    return MappingRef(&mapping);
}

// The first page from `index` on that is in this area; false: none is.
bool next_swapped(AddressSpace& mapping, u32 type, u32& index) {
    const Guard lock(mapping.lock);
    auto at = mapping.swapped.lower_bound(index);
    while (at != mapping.swapped.end() && at->entry.type() != type)
        ++at;
    if (at == mapping.swapped.end())
        return false;
    index = at->index;
    return true;
}

Result<void> unuse_mapping(AddressSpace& mapping, u32 type) {
    for (u32 index = 0; next_swapped(mapping, type, index); ++index) {
        TRY_VOID(shmem_swapin(mapping, index));
        if (fatal_signal_pending())
            return Err(Errno::INTR);
        cond_resched();
    }
    return {};
}

} // namespace

void init_shmem_swap() { swaplist.emplace(); }

SwappedPage* new_swapped_record() { return kmem_new<SwappedPage>(swapped_cache); }
void free_swapped_record(SwappedPage& record) { kmem_delete(swapped_cache, &record); }

PageRef replace_in_page_cache(AddressSpace& mapping, Page& page, SwappedPage& record, SwapEntry entry) {
    record.index = page.index;
    record.entry = entry;
    add_swapped(mapping, record);
    return remove_from_page_cache(mapping, page);
}

SwappedPage* find_swapped(AddressSpace& mapping, u32 index) {
    const auto place = mapping.swapped.find(index);
    return place != mapping.swapped.end() ? &*place : nullptr;
}

bool shmem_is_swapped(AddressSpace& mapping, u32 index) {
    if (mapping.nr_swapped == 0)
        return false;
    const Guard lock(mapping.lock);
    return find_swapped(mapping, index) != nullptr;
}

Result<PageRef> shmem_swapin(AddressSpace& mapping, u32 index) {
    PageRef fresh = alloc_page(GFP_KERNEL), removed; // dropped after the lock
    if (!fresh)
        return Err(Errno::NOMEM);
    fresh->index = index;
    SwapEntry entry;
    {
        const Guard lock(mapping.lock);
        const SwappedPage* record = find_swapped(mapping, index);
        if (record == nullptr)
            return PageRef();
        entry = record->entry;
        if (is_hwpoison_entry(entry))
            return Err(Errno::HWPOISON);
        PageRef page = TRY(add_locked_to_page_cache(mapping, *fresh));
        if (page.get() != fresh.get()) // another task has read it
            return page;
    }
    const auto read = read_slot(entry, *fresh);
    const Guard lock(mapping.lock);
    fresh->clear(PG_LOCKED);
    if (read.ok()) {
        del_swapped(mapping, *find_swapped(mapping, index)); // it stays as long as the page is PG_LOCKED
        fresh->set(PG_UPTODATE | PG_DIRTY);
        lru_cache_add(*fresh, LRU_INACTIVE_ANON);
    } else {
        removed = remove_from_page_cache(mapping, *fresh);
    }
    unpark_all(mapping.waiters);
    TRY_VOID(read);
    return fresh;
}

bool shmem_writepage(IsolatedPage page) {
    AddressSpace& mapping = *page->mapping.load(std::memory_order_relaxed); // stays while the page is isolated
    SwappedPage* record = new_swapped_record();
    const SwapEntry entry = record != nullptr ? get_swap_page() : SwapEntry();
    bool written = false;
    if (entry != SwapEntry()) {
        {
            const Guard lock(mapping.lock);
            page->set(PG_WRITEBACK);
            page->clear(PG_DIRTY); // what is written from here on shows
        }
        written = write_slot(entry, *page).ok();
    }
    PageRef freed; // dropped after the lock
    {
        const Guard lock(mapping.lock);
        page->clear(PG_WRITEBACK);
        // With two references, the cache's and reclaim's, nobody uses it, and with the lock held nobody begins to.
        if (written && page_count(*page) == 2 && !page->test(PG_DIRTY) && !mapping.unevictable) {
            freed = PageRef(page.take());
            static_cast<void>(replace_in_page_cache(mapping, *freed, *record, entry));
        } else {
            page->set(PG_DIRTY);
            page.put_back(LRU_ACTIVE_ANON);
        }
        unpark_all(mapping.waiters);
    }
    if (freed)
        return true;
    if (entry != SwapEntry())
        swap_free(entry);
    if (record != nullptr)
        free_swapped_record(*record);
    return false;
}

bool shmem_free_swapped(AddressSpace& mapping, u32 first, u32 end) {
    const auto at = mapping.swapped.lower_bound(first);
    if (at == mapping.swapped.end() || at->index >= end)
        return false;
    del_swapped(mapping, *at);
    shmem_unacct_block(mapping.sb);
    return true;
}

void shmem_set_unevictable(AddressSpace& mapping, bool on) {
    const Guard lock(mapping.lock);
    mapping.unevictable = on;
}

Result<void> shmem_unuse(u32 type) {
    for (u32 left = ~u32{0}; left != 0;)
        if (const MappingRef mapping = next_mapping(left))
            TRY_VOID(unuse_mapping(*mapping, type));
    return {};
}

} // namespace faultline
