// The page cache, and file mappings' faults.
#include "mm/filemap.hpp"

#include <algorithm>

#include "mm/memory.hpp"
#include "mm/page_alloc.hpp"
#include "mm/pgtable.hpp"
#include "mm/vm_fault.hpp"

namespace faultline {

namespace {

// Pages that a file of `size` bytes has, the last one perhaps in part.
u32 pages_of(u64 size) { return static_cast<u32>((size + PAGE_SIZE - 1) >> PAGE_SHIFT); }

// Makes an uncached page of the file, with one reference, not yet in the cache.
Result<Page*> read_new_page(AddressSpace& mapping, u32 index) {
    const bool reads = mapping.ops->read_folio != nullptr;
    Page* page = reads ? alloc_page() : alloc_zeroed_page();
    if (page == nullptr)
        return Err(Errno::NOMEM);
    page->index = index;
    if (reads) {
        const Result<void> filled = mapping.ops->read_folio(mapping, *page);
        if (!filled) {
            put_page(*page);
            return Err(filled.error());
        }
    }
    page->set(PG_UPTODATE);
    return page;
}

// Puts the page into the cache, which takes a reference of its own; if another was faster, returns that one
// instead.
Page* add_to_page_cache(AddressSpace& mapping, Page& page) {
    Guard lock(mapping.lock);
    const auto [place, inserted] = mapping.pages.insert(page);
    get_page(*place);
    if (inserted) {
        get_page(page); // the cache's own
        page.mapping.store(&mapping, std::memory_order_relaxed);
        mapping.nr_pages = mapping.nr_pages + 1;
    }
    return &*place;
}

// Takes the page out of the cache. The cache's reference is the caller's now.
void remove_from_page_cache(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock) {
    mapping.pages.erase(mapping.pages.iterator_to(page));
    page.mapping.store(nullptr, std::memory_order_seq_cst);
    mapping.nr_pages = mapping.nr_pages - 1;
}

// Removes every cached page of [first, end).
void remove_pages(AddressSpace& mapping, u32 first, u32 end = ~u32{0}) {
    while (true) {
        Page* page = nullptr;
        {
            Guard lock(mapping.lock);
            const auto it = mapping.pages.lower_bound(first);
            if (it == mapping.pages.end() || it->index >= end)
                return;
            page = &*it;
            remove_from_page_cache(mapping, *page);
        }
        put_page(*page);
    }
}

bool must_wait_for(AddressSpace& mapping, u32 index) {
    if (mapping.ops->read_folio == nullptr)
        return false;
    Guard lock(mapping.lock);
    return mapping.pages.find(index) == mapping.pages.end();
}

// Reads the page with the mmap lock given up, so that nobody who wants to change the address space waits for a device.
// The VMA may be gone afterwards; only the mapping is held on to. Whoever asked comes again and finds the page cached,
// or finds out what went wrong. (Linux: maybe_unlock_mmap_for_io.)
u32 read_unlocked(VmFaultContext& vmf, AddressSpace& mapping, u32 index) {
    get_mapping(mapping);
    vmf.mmap_read.unlock();
    bool major = false;
    const Result<Page*> page = read_mapping_page(mapping, index, &major);
    if (page.ok())
        put_page(*page.value());
    put_mapping(mapping);
    return VM_FAULT_RETRY;
}

// Empties the entries of every mapping of the file's pages [first, end), private copies included, as POSIX
// says of truncated files (Linux: unmap_mapping_range).
void unmap_mapping_range(AddressSpace& mapping, u32 first, u32 end = ~u32{0}) {
    Guard lock(mapping.lock);
    for (VmArea& vma : mapping.i_mmap) {
        const u32 from = std::max(first, vma.pgoff), to = std::min(end, vma.pgoff + vma.pages());
        if (from < to)
            zap_page_range(*vma.mm, vma.start + ((from - vma.pgoff) << PAGE_SHIFT),
                           vma.start + ((to - vma.pgoff) << PAGE_SHIFT));
    }
}

} // namespace

bool still_cached(const Page& page) { return page.mapping.load(std::memory_order_seq_cst) != nullptr; }

Page* find_get_page(AddressSpace& mapping, u32 index) {
    Guard lock(mapping.lock);
    const auto it = mapping.pages.find(index);
    if (it == mapping.pages.end())
        return nullptr;
    get_page(*it);
    return &*it;
}

Result<Page*> read_mapping_page(AddressSpace& mapping, u32 index, bool* major) {
    *major = false;
    if (Page* page = find_get_page(mapping, index))
        return page;
    Page* fresh = TRY(read_new_page(mapping, index));
    *major = mapping.ops->read_folio != nullptr;
    Page* cached = add_to_page_cache(mapping, *fresh);
    put_page(*fresh); // the cache's reference keeps it, or somebody else's page won
    return cached;
}

void truncate_setsize(AddressSpace& mapping, u64 size) {
    const u64 old_size = mapping.size;
    mapping.size = size;
    if (size >= old_size)
        return;
    const u32 kept = pages_of(size);
    unmap_mapping_range(mapping, kept);
    remove_pages(mapping, kept);
    unmap_mapping_range(mapping,
                        kept); // a fault that had passed the size check may have mapped one meanwhile
    const u32 tail = static_cast<u32>(size) & ~PAGE_MASK;
    if (tail == 0)
        return;
    if (Page* last = find_get_page(mapping, kept - 1)) {
        __builtin_memset(static_cast<u8*>(page_address(*last)) + tail, 0, PAGE_SIZE - tail);
        put_page(*last);
    }
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

u32 filemap_fault(VmFaultContext& vmf) {
    AddressSpace& mapping = *vmf.vma.mapping;
    const u32 index = linear_page_index(vmf.vma, vmf.address);
    if (index >= pages_of(mapping.size))
        return VM_FAULT_SIGBUS;
    if (must_wait_for(mapping, index) && (vmf.flags & FAULT_FLAG_ALLOW_RETRY) != 0)
        return read_unlocked(vmf, mapping, index);
    bool major = false;
    const Result<Page*> page = read_mapping_page(mapping, index, &major);
    if (!page)
        return page.error() == Errno::NOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
    if (index >= pages_of(mapping.size)) { // truncated while the page was read
        put_page(*page.value());
        return VM_FAULT_SIGBUS;
    }
    vmf.page = page.value();
    return major ? VM_FAULT_MAJOR : VM_FAULT_NONE;
}

bool filemap_map_pages(VmFaultContext& vmf) {
    constexpr u32 FAULT_AROUND_BYTES = 16 * PAGE_SIZE; // Linux: fault_around_bytes, 64 KiB; divides a PteTable's range
    const u32 window = vmf.address.value() & ~(FAULT_AROUND_BYTES - 1);
    const UserAddr start = UserAddr(window) < vmf.vma.start ? vmf.vma.start : UserAddr(window);
    const UserAddr stop = UserAddr(window + FAULT_AROUND_BYTES);
    const UserAddr end = stop < vmf.vma.end ? stop : vmf.vma.end;

    AddressSpace& mapping = *vmf.vma.mapping;
    const u32 file_pages = pages_of(mapping.size);
    PteSlot* const first = vmf.slot - ((vmf.address - start) >> PAGE_SHIFT);
    for (UserAddr address = start; address < end; address += PAGE_SIZE) {
        const u32 index = linear_page_index(vmf.vma, address);
        if (index >= file_pages)
            break;
        PteSlot* slot = first + ((address - start) >> PAGE_SHIFT);
        if (!pte_none(ptep_get(slot)))
            continue;
        Page* page = find_get_page(mapping, index);
        if (page == nullptr)
            continue;
        const Guard lock(pte_lockptr(slot));
        if (pte_none(ptep_get(slot)) && still_cached(*page))
            install_pte(vmf.mm, address, slot, mk_pte(*page, vmf.vma), *page);
        else
            put_page(*page);
    }
    return !pte_none(ptep_get(vmf.slot));
}

} // namespace faultline
