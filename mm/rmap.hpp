// Who maps a page: counted with every entry, and found through the file or the family that it belongs to. (Linux:
// mm/rmap.c.)
#pragma once

#include "mm/anon_vma.hpp"
#include "mm/filemap.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page.hpp"
#include "mm/pgtable.hpp"
#include "mm/swap_state.hpp"

namespace faultline {

// Which count of an mm the page belongs to. (Linux: the same name.)
inline MmCounter mm_counter(const Page& page) { return page.test(PG_ANON) ? MM_ANONPAGES : MM_FILEPAGES; }

// One more, one fewer entry of `mm` maps `page`: its mapcount and the mm's rss, not its reference count. With the last one it
// leaves the swap cache, if no entry refers to its slot. Never for special entries. Caller holds the entry's lock, and a
// reference. (Linux page_add_*_rmap, page_remove_rmap.)
//
// Who changes many entries collects the counts of the mm in an RssChange. It is added up with a lock of entries held, and before
// the last of its entries' locks is given up. (Linux: the array rss, and add_mm_rss_vec.)
struct RssChange {
    s32 pages[NR_MM_COUNTERS] = {};
    void add_to(MmStruct& mm) {
        if ((pages[MM_FILEPAGES] | pages[MM_ANONPAGES]) == 0)
            return;
        add_mm_counter(mm, MM_FILEPAGES, std::exchange(pages[MM_FILEPAGES], 0));
        add_mm_counter(mm, MM_ANONPAGES, std::exchange(pages[MM_ANONPAGES], 0));
    }
};
inline void count_mapping(MmStruct& mm, MmCounter counter, s32 more) { add_mm_counter(mm, counter, more); }
inline void count_mapping(RssChange& rss, MmCounter counter, s32 more) { rss.pages[counter] += more; }

template <class Counts> // an MmStruct or an RssChange
inline void page_add_rmap(Counts& counts, Page& page) {
    page.mapcount.fetch_add(1, std::memory_order_relaxed);
    count_mapping(counts, mm_counter(page), 1);
}
template <class Counts>
inline void page_remove_rmap(Counts& counts, Page& page) {
    const s32 before = page.mapcount.fetch_sub(1, std::memory_order_relaxed);
    BUG_ON(before <= 0);
    count_mapping(counts, mm_counter(page), -1);
    if (before == 1 && page.test(PG_SWAPCACHE))
        try_to_free_swap(page);
}

// Before the VMA gets an anonymous page: it has an AnonVma now. False: out of memory. Caller as for make_anon_vma(). (Linux: the
// same name.)
[[nodiscard]] inline bool anon_vma_prepare(VmArea& vma) { return vma.anon_vma != nullptr || make_anon_vma(vma); }

// The page, new and shown by no entry yet, becomes anonymous memory of the VMA at `address`, its own alone. The VMA has an
// AnonVma (anon_vma_prepare). (Linux: the same name.)
inline void page_set_anon_rmap(Page& page, const VmArea& vma, UserAddr address) {
    page.anon_vma.store(vma.anon_vma, std::memory_order_relaxed);
    page.index = linear_page_index(vma, address);
    page.reset_anon(PG_ANON_EXCLUSIVE); // it is new, so it had no flags
}

// Whether the page is one of a file with a storage behind it.
inline bool is_written_back(const Page& page) {
    const AddressSpace* mapping = page_mapping(page);
    return mapping != nullptr && mapping_can_writeback(*mapping);
}

// Moves young and dirty from an entry that was emptied to the page: otherwise data that was written would be lost.
inline void move_bits_to_page(Page& page, Pte pte) {
    if (pte_dirty(pte)) {
        // The law of mm/page_writeback.hpp: who writes back knows of the page.
        DEBUG_BUG_ON(is_written_back(page) && !page.test(PG_TAGGED));
        page.set(
            PG_DIRTY); // in any case: one that was seen set may be cleared before the data is written that this entry vouches for
    }
    if (pte_young(pte))
        page.set_if_clear(PG_REFERENCED);
}

// Makes the entry clean and takes WRITE away; dirty moves to the page, which the entry shows. Caller holds the entry's lock.
void clean_pte(TlbDebt& debt, UserAddr address, PteSlot* slot, Page& page);

// The same for every entry that shows one of the pages [first, end) of the file through a shared mapping, and flushes: when
// this returns, the next write to one of these pages faults, on whichever CPU. (Linux: the same name.)
void page_mkclean(AddressSpace& mapping, u32 first, u32 end) REQUIRES(mapping.lock);

// Whether the file's page was used since this was last asked: by a call (PG_REFERENCED), or through an entry. Clears YOUNG in each
// entry that shows it, and flushes, so that the next access tells again. (Linux: folio_referenced.)
bool page_referenced(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock);

// What try_to_unmap() may do. (Linux: enum ttu_flags.)
using TtuFlags = Flags<struct TtuFlagsTag>;
inline constexpr TtuFlags TTU_NONE{};          // ours
inline constexpr TtuFlags TTU_IGNORE_MLOCK{1}; // VM_LOCKED does not keep its entries (Linux)
inline constexpr TtuFlags TTU_HWPOISON{
    2}; // each entry refers to the lost frame then (Linux: the default, for such a page)

// Empties every entry that shows the file's page; dirty moves to the page. Returns whether none is left: VM_LOCKED keeps its
// entries. It has flushed when it returns, so nobody writes to the page any more. The caller keeps the page. (Linux: the same
// name.)
bool try_to_unmap(AddressSpace& mapping, Page& page, TtuFlags flags = TTU_NONE) REQUIRES(mapping.lock);

// The same two for an anonymous page. Each entry that loses the page refers to its slot in swap instead: the page is
// PG_SWAPCACHE. The caller has isolated it, unless it is PG_HWPOISON.
bool page_referenced(const AnonVmaReader& reader, Page& page);
bool try_to_unmap(const AnonVmaReader& reader, Page& page, TtuFlags flags = TTU_NONE);

// Empties the one entry that shows the page, if nobody has written to it since MADV_FREE and nobody else uses it: what it
// holds need not be kept. Returns whether it did. The caller has isolated the page, which has one mapping. (Linux:
// try_to_unmap_one of a folio that is not swap-backed.)
bool discard_lazyfree(const AnonVmaReader& reader, Page& page);

// Calls change() with the locks held through which an entry of the VMA is found from its page. Reclaim and truncation come that
// way without the mmap lock. They see all of the change or nothing, and so find a VMA over each mapped page, and an entry for
// each mapping. (Linux: take_rmap_locks.)
template <class Change>
void with_rmap_locks(const VmArea& vma, Change&& change) {
    const auto in_family = [&] {
        AnonVma* family = vma.anon_vma;
        if (family == nullptr)
            return change();
        const Guard lock(family->lock);
        change();
    };
    if (vma.mapping == nullptr)
        return in_family();
    const Guard lock(vma.mapping->lock);
    in_family();
}

// Calls visit(address, slot) for the entry of the VMA that shows the page, if there is one, with its lock held. The
// caller keeps the VMA, by the lock of the list in which it found it. (Linux: page_vma_mapped_walk.)
template <class Visit>
void visit_mapping_of(VmArea& vma, const Page& page, Visit&& visit) {
    if (page.index - vma.pgoff >= vma.pages())
        return;
    const UserAddr address = vma.start + ((page.index - vma.pgoff) << PAGE_SHIFT);
    PteSlot* slot = pte_offset(*vma.mm, address);
    if (slot == nullptr)
        return;
    const Guard lock(pte_lockptr(slot));
    if (vm_normal_page(ptep_get(slot)) == &page)
        visit(address, slot);
}

// The same with visit(vma, address, slot), for every entry that shows the anonymous page. An entry that fork or mremap is about
// to make is seen where it comes from. The caller keeps the page. (Linux: rmap_walk_anon.)
template <class Visit>
void rmap_walk_anon(const AnonVmaReader&, const Page& page, Visit&& visit) {
    if (!page.is_anon() || page_mapcount(page) == 0)
        return;
    AnonVma& family = *page.anon_vma.load(std::memory_order_relaxed);
    const Guard lock(family.lock);
    for (VmArea& vma : family.vmas)
        visit_mapping_of(vma, page, [&](UserAddr address, PteSlot* slot) { visit(vma, address, slot); });
}

} // namespace faultline
