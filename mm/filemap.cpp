// Pages put into the cache, read, found and taken out; and truncation.
#include "mm/filemap.hpp"

#include <algorithm>
#include <array>

#include "mm/lru.hpp"
#include "mm/page_writeback.hpp"
#include "mm/pgtable.hpp"
#include "mm/shmem.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/unmap.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// Removes every page of [first, end), cached or in swap. Waits for one that is being read or written, or that reclaim looks at.
void remove_pages(AddressSpace& mapping, u32 first, u32 end = ~u32{0}) {
    while (true) {
        {
            PageRef removed; // dropped after the lock
            const Guard lock(mapping.lock);
            const auto it = mapping.pages.lower_bound(first);
            if (it == mapping.pages.end() || it->index >= end) {
                if (!shmem_free_swapped(mapping, first, end))
                    return;
            } else if (it->test(PG_LOCKED | PG_WRITEBACK) || !lru_cache_del(*it))
                park(mapping.waiters, mapping.lock);
            else
                removed = delete_from_page_cache(mapping, *it);
        }
        cond_resched();
    }
}

// A page of zeros for a file that has no storage; another that was faster wins. Nothing: it is in swap. NOMEM; NOSPC: its file
// system is full.
Result<PageRef> add_zeroed_page(AddressSpace& mapping, u32 index) {
    TRY_VOID(shmem_acct_block(mapping.sb));
    PageRef fresh = alloc_zeroed_page(GFP_KERNEL), page;
    if (!fresh) {
        shmem_unacct_block(mapping.sb);
        return Err(Errno::NOMEM);
    }
    fresh->index = index;
    fresh->set(PG_UPTODATE);
    const Guard lock(mapping.lock);
    if (find_swapped(mapping, index) == nullptr)
        page = add_to_page_cache(mapping, *fresh);
    if (page.get() == fresh.get())
        lru_cache_add(*page, LRU_INACTIVE_ANON);
    else
        shmem_unacct_block(mapping.sb);
    return page;
}

// The page of a file without storage: from swap, or zeros. Errors as above; IO.
Result<PageRef> shmem_get_page(AddressSpace& mapping, u32 index, bool& major) {
    PageRef page;
    while (!page) {
        major = shmem_is_swapped(mapping, index);
        page = TRY(major ? shmem_swapin(mapping, index) : add_zeroed_page(mapping, index));
    }
    return page;
}

// Makes a page that the caller is to fill, if it is `ours`; else another was faster.
Result<PageRef> add_locked_page(AddressSpace& mapping, u32 index, bool& ours) {
    PageRef fresh = alloc_page(GFP_KERNEL);
    if (!fresh)
        return Err(Errno::NOMEM);
    fresh->index = index;
    const Guard lock(mapping.lock);
    PageRef page = add_locked_to_page_cache(mapping, *fresh);
    ours = page.get() == fresh.get();
    return page;
}

// Pages that follow one another and that the caller has put into the cache to fill them.
struct LockedPages {
    std::array<Page*, IO_PAGES_MAX> pages;
    u32 count = 0;
};

// Adds the pages behind the first one, until one is cached already or there is no memory.
void add_pages_behind(AddressSpace& mapping, u32 count, LockedPages& run) {
    while (run.count < count) {
        PageRef fresh = alloc_page(GFP_KERNEL);
        if (!fresh)
            return;
        fresh->index = run.pages[0]->index + run.count;
        fresh->set(PG_LOCKED);
        const Guard lock(mapping.lock);
        if (PageRef page = add_to_page_cache(mapping, *fresh); page.get() == fresh.get()) {
            run.pages[run.count++] = page.release();
        } else {
            fresh->clear(PG_LOCKED);
            return;
        }
    }
}

// The first `filled` pages of the run are valid; the others leave the cache. Wakes who waits for them.
void unlock_pages(AddressSpace& mapping, const LockedPages& run, u32 filled) {
    const Guard lock(mapping.lock);
    for (u32 i = 0; i < run.count; ++i) {
        Page& page = *run.pages[i];
        page.clear(PG_LOCKED);
        if (i < filled) {
            page.set(PG_UPTODATE);
            lru_cache_add(page, LRU_INACTIVE_FILE);
        } else {
            static_cast<void>(delete_from_page_cache(mapping, page)); // its reader has another reference
        }
    }
    unpark_all(mapping.waiters);
}

// Fills the run. A page that cannot be read must not take along those before it: then each is read by itself, until one fails.
// So that one is asked for twice, and not once more for each page before it: a bad disk may take long to answer.
Result<void> read_run(AddressSpace& mapping, const LockedPages& run) {
    const std::span<Page* const> pages(run.pages.data(), run.count);
    auto read = mapping.ops->readahead(mapping, pages);
    u32 filled = read.ok() ? run.count : 0;
    if (!read.ok() && run.count > 1)
        while (filled < run.count && (read = mapping.ops->readahead(mapping, pages.subspan(filled, 1))).ok())
            ++filled;
    unlock_pages(mapping, run, filled);
    return filled != 0 ? Result<void>() : read;
}

// Empties the entries of every mapping of the file's pages [first, end), private copies included, as POSIX says of
// truncated files (Linux: unmap_mapping_range).
//
// The lock is given up after each UNMAP_PAGES of the file. What a fault maps again behind this is the caller's to undo.
constexpr u32 UNMAP_PAGES = 4096;

// The first page of [first, end) that a VMA covers; `end`: none does.
u32 first_mapped(const AddressSpace& mapping, u32 first, u32 end) REQUIRES(mapping.lock) {
    u32 lowest = end;
    for (const VmArea& vma : mapping.i_mmap)
        if (first < vma.pgoff + vma.pages())
            lowest = std::min(lowest, std::max(first, vma.pgoff));
    return lowest;
}

// Returns from where to go on; `end`: nothing is left.
u32 unmap_some(AddressSpace& mapping, u32 first, u32 end) {
    const Guard lock(mapping.lock);
    first = first_mapped(mapping, first, end);
    const u32 stop = end - first > UNMAP_PAGES ? first + UNMAP_PAGES : end;
    for (VmArea& vma : mapping.i_mmap) {
        const u32 from = std::max(first, vma.pgoff), to = std::min(stop, vma.pgoff + vma.pages());
        if (from >= to)
            continue;
        zap_page_range_locked(*vma.mm, vma.start + ((from - vma.pgoff) << PAGE_SHIFT),
                              vma.start + ((to - vma.pgoff) << PAGE_SHIFT));
    }
    return stop;
}

void unmap_mapping_range(AddressSpace& mapping, u32 first, u32 end = ~u32{0}) {
    while ((first = unmap_some(mapping, first, end)) < end)
        cond_resched();
}

} // namespace

PageRef add_to_page_cache(AddressSpace& mapping, Page& page) {
    const bool is_last =
        !mapping.pages.empty() && mapping.pages.rbegin()->index < page.index; // files are filled upwards
    const auto place = is_last ? mapping.pages.end() : mapping.pages.lower_bound(page.index);
    if (place != mapping.pages.end() && place->index == page.index)
        return PageRef::of(*place);
    mapping.pages.insert_before(place, page);
    get_page(page); // the cache's own
    page.mapping.store(&mapping, std::memory_order_relaxed);
    mapping.nr_pages = mapping.nr_pages + 1;
    (mapping_reads(mapping) ? writeback_stat.nr_file_pages : nr_shmem).fetch_add(1, std::memory_order_relaxed);
    return PageRef::of(page);
}

PageRef add_locked_to_page_cache(AddressSpace& mapping, Page& fresh) {
    fresh.set(PG_LOCKED);
    PageRef page = add_to_page_cache(mapping, fresh);
    if (page.get() == &fresh)
        return page;
    fresh.clear(PG_LOCKED);
    while (page->test(PG_LOCKED))
        park(mapping.waiters, mapping.lock);
    return page->test(PG_UPTODATE) ? std::move(page) : PageRef();
}

PageRef remove_from_page_cache(AddressSpace& mapping, Page& page) {
    cancel_dirty(mapping, page);
    mapping.pages.erase(mapping.pages.iterator_to(page));
    page.mapping.store(nullptr, std::memory_order_seq_cst);
    mapping.nr_pages = mapping.nr_pages - 1;
    (mapping_reads(mapping) ? writeback_stat.nr_file_pages : nr_shmem).fetch_sub(1, std::memory_order_relaxed);
    return PageRef(&page);
}

PageRef delete_from_page_cache(AddressSpace& mapping, Page& page) {
    shmem_unacct_block(mapping.sb);
    return remove_from_page_cache(mapping, page);
}

bool still_cached(const Page& page) { return page.mapping.load(std::memory_order_seq_cst) != nullptr; }

PageRef find_get_page(AddressSpace& mapping, u32 index) {
    Guard lock(mapping.lock);
    const auto it = mapping.pages.find(index);
    return it != mapping.pages.end() && it->test(PG_UPTODATE) ? PageRef::of(*it) : PageRef();
}

bool is_cached(AddressSpace& mapping, u32 index) {
    const Guard lock(mapping.lock);
    const auto it = mapping.pages.find(index);
    return it != mapping.pages.end() && it->test(PG_UPTODATE);
}

Result<void> read_cache_page(AddressSpace& mapping, u32 index, PageRef& page, bool& major, u32 count) {
    major = mapping_reads(mapping);
    if (!major) {
        page = TRY(shmem_get_page(mapping, index, major));
        return {};
    }
    bool ours = false;
    do {
        page = TRY(add_locked_page(mapping, index, ours));
    } while (!page); // another task could not read it; now it is this one's turn
    if (!ours)
        return {};
    LockedPages run;
    run.pages[run.count++] = page.get();
    add_pages_behind(mapping, std::min({count, IO_PAGES_MAX, nr_file_pages(mapping) - index}), run);
    const auto read = read_run(mapping, run);
    for (u32 i = 1; i < run.count; ++i)
        put_page(*run.pages[i]);
    return read;
}

Result<void> read_mapping_page(AddressSpace& mapping, u32 index, PageRef& page, bool& major) {
    page = find_get_page(mapping, index);
    return page ? Result<void>() : read_cache_page(mapping, index, page, major);
}

void force_page_cache_readahead(AddressSpace& mapping, u32 first, u32 end) {
    end = std::min(end, nr_file_pages(mapping));
    for (u32 index = first; index < end && !fatal_signal_pending(); ++index) {
        PageRef page;
        bool major = false;
        if (must_be_read(mapping, index) && !is_cached(mapping, index) &&
            !read_cache_page(mapping, index, page, major, end - index).ok())
            return;
        cond_resched();
    }
}

bool add_filled_page(AddressSpace& mapping, Page& page, u32 index) {
    page.index = index;
    page.set(PG_UPTODATE);
    const Guard lock(mapping.lock);
    if (add_to_page_cache(mapping, page).get() != &page)
        return false;
    lru_cache_add(page, mapping_reads(mapping) ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON);
    return true;
}

void truncate_setsize(AddressSpace& mapping, u64 size) {
    const u64 old_size = mapping.size;
    mapping.size = size;
    if (size >= old_size)
        return;
    const u32 kept = nr_file_pages(mapping);
    unmap_mapping_range(mapping, kept);
    remove_pages(mapping, kept);
    // Once more: a fault that had passed the size check may have mapped a page since.
    unmap_mapping_range(mapping, kept);
    const u32 tail = static_cast<u32>(size) & ~PAGE_MASK;
    if (tail == 0)
        return;
    if (const PageRef last = find_get_page(mapping, kept - 1))
        __builtin_memset(static_cast<u8*>(page_address(*last)) + tail, 0, PAGE_SIZE - tail);
}

void truncate_pagecache_range(AddressSpace& mapping, u32 first, u32 end) {
    unmap_mapping_range(mapping, first, end);
    remove_pages(mapping, first, end);
    unmap_mapping_range(mapping, first, end); // as above
}

void truncate_inode_pages(AddressSpace& mapping) {
    {
        const Guard lock(mapping.lock);
        BUG_ON(!mapping.i_mmap.empty());
    }
    remove_pages(mapping, 0);
}

u32 invalidate_mapping_pages(AddressSpace& mapping, u32 first, u32 end) {
    u32 dropped = 0;
    while (true) {
        PageRef removed; // dropped after the lock
        {
            const Guard lock(mapping.lock);
            auto it = mapping.pages.lower_bound(first);
            // With one reference, the cache's own, and the lock held, nobody can come by another.
            while (it != mapping.pages.end() && it->index < end &&
                   (it->test(PG_DIRTY | PG_LOCKED | PG_WRITEBACK) || page_count(*it) != 1 || !lru_cache_del(*it)))
                ++it;
            if (it == mapping.pages.end() || it->index >= end)
                return dropped;
            first = it->index + 1;
            removed = delete_from_page_cache(mapping, *it);
        }
        ++dropped;
        cond_resched();
    }
}

u64 next_inode_number() {
    static constinit std::atomic<u64> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

} // namespace faultline
