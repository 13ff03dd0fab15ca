// Pages put into the cache, found and taken out; and truncation.
#include "mm/filemap.hpp"

#include <algorithm>

#include "mm/pgtable.hpp"
#include "mm/unmap.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// Makes an uncached page of the file, not yet in the cache.
Result<PageRef> read_new_page(AddressSpace& mapping, u32 index) {
    const bool reads = mapping.ops->read_folio != nullptr;
    PageRef page = reads ? alloc_page() : alloc_zeroed_page();
    if (!page)
        return Err(Errno::NOMEM);
    page->index = index;
    if (reads)
        TRY_VOID(mapping.ops->read_folio(mapping, *page));
    page->set(PG_UPTODATE);
    return page;
}

// Puts the page into the cache, which takes a reference of its own; if another was faster, returns that one instead.
PageRef add_to_page_cache(AddressSpace& mapping, Page& page) {
    Guard lock(mapping.lock);
    const auto [place, inserted] = mapping.pages.insert(page);
    if (inserted) {
        get_page(page); // the cache's own
        page.mapping.store(&mapping, std::memory_order_relaxed);
        mapping.nr_pages = mapping.nr_pages + 1;
    }
    return PageRef::of(*place);
}

// Takes the page out of the cache, and returns the cache's reference.
PageRef remove_from_page_cache(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock) {
    mapping.pages.erase(mapping.pages.iterator_to(page));
    page.mapping.store(nullptr, std::memory_order_seq_cst);
    mapping.nr_pages = mapping.nr_pages - 1;
    return PageRef(&page);
}

// Removes every cached page of [first, end).
void remove_pages(AddressSpace& mapping, u32 first, u32 end = ~u32{0}) {
    while (true) {
        {
            PageRef removed; // dropped after the lock
            const Guard lock(mapping.lock);
            const auto it = mapping.pages.lower_bound(first);
            if (it == mapping.pages.end() || it->index >= end)
                return;
            removed = remove_from_page_cache(mapping, *it);
        }
        cond_resched();
    }
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
        update_hiwater(*vma.mm);
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

bool still_cached(const Page& page) { return page.mapping.load(std::memory_order_seq_cst) != nullptr; }

PageRef find_get_page(AddressSpace& mapping, u32 index) {
    Guard lock(mapping.lock);
    const auto it = mapping.pages.find(index);
    return it != mapping.pages.end() ? PageRef::of(*it) : PageRef();
}

bool is_cached(AddressSpace& mapping, u32 index) {
    const Guard lock(mapping.lock);
    return mapping.pages.find(index) != mapping.pages.end();
}

Result<void> read_cache_page(AddressSpace& mapping, u32 index, PageRef& page, bool& major) {
    const PageRef fresh = TRY(read_new_page(mapping, index));
    major = mapping.ops->read_folio != nullptr;
    page = add_to_page_cache(mapping, *fresh);
    return {};
}

Result<void> read_mapping_page(AddressSpace& mapping, u32 index, PageRef& page, bool& major) {
    page = find_get_page(mapping, index);
    return page ? Result<void>() : read_cache_page(mapping, index, page, major);
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

u64 next_inode_number() {
    static constinit std::atomic<u64> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

} // namespace faultline
