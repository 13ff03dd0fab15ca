// Finding and making entries in the canonical page table.
#pragma once

#include "mm/mm_struct.hpp"
#include "mm/page.hpp"

namespace faultline {

// The table for `address`, or nullptr if there is none. A table stays as long as a VMA lies over it. The caller keeps
// that VMA: with the mmap lock, or with the lock of the AddressSpace whose i_mmap has the VMA. A caller without either
// holds mm.page_table_lock.
inline PteTable* pte_table(const MmStruct& mm, UserAddr address) {
    return std::atomic_ref(mm.pgd->tables[pgd_index(address)]).load(memory_order_dependent);
}

// The entry for `address`, or nullptr if its table does not exist.
inline PteSlot* pte_offset(const MmStruct& mm, UserAddr address) {
    PteTable* table = pte_table(mm, address);
    return table != nullptr ? &table->entries[pte_index(address)] : nullptr;
}

// The last page of those whose entries are in one table with that of `address`.
inline UserAddr last_page_of_table(UserAddr address) { return UserAddr((address.value() | ~PMD_MASK) & PAGE_MASK); }

// The lock that guards an entry: its table's. It is held for every change of an entry. A reader without it knows only
// what the entry was at that moment. Two of these locks: BothLocked. (Linux: pte_lockptr, with split page-table locks.)
inline SpinLock& pte_lockptr(const PteSlot* slot) { return virt_to_page(slot).ptl; }

// The page behind a present entry, or nullptr for the zero page (Linux: vm_normal_page).
inline Page* vm_normal_page(Pte pte) {
    return pte_present(pte) && !pte_special(pte) ? &pfn_to_page(pte_pfn(pte)) : nullptr;
}

// The entry for `address`; makes its table if there is none. nullptr: out of memory. Caller holds the mmap lock, and no
// lock of page tables. (Linux: pte_alloc, and __pte_alloc for the second.)
PteSlot* pte_alloc_table(MmStruct& mm, UserAddr address);
inline PteSlot* pte_alloc(MmStruct& mm, UserAddr address) {
    PteSlot* slot = pte_offset(mm, address);
    return slot != nullptr ? slot : pte_alloc_table(mm, address);
}

// Frees the tables that lie wholly in [floor, ceiling), the free range between two VMAs. All their entries are none,
// and the caller has flushed. (Linux: free_pgtables.)
void free_pgtables(MmStruct& mm, UserAddr floor, UserAddr ceiling);

inline constexpr auto NOTHING_MORE = [] {};

// Calls visit(address, slot) for every entry of [start, end) whose table exists, with the table's lock held; leave()
// each time before such a lock is released; and between() from one table to the next, without a lock. Caller keeps the
// VMAs over the range, as pte_table() says.
template <class Visitor, class Leave = decltype(NOTHING_MORE), class Between = decltype(NOTHING_MORE)>
void walk_page_range(const MmStruct& mm, UserAddr start, UserAddr end, Visitor&& visit,
                     const Leave& leave = NOTHING_MORE, const Between& between = NOTHING_MORE) {
    u32 address = start.value();
    while (address < end.value()) {
        PteTable* table = pte_table(mm, UserAddr(address));
        const u32 next_table = (address & PMD_MASK) + PMD_SIZE;
        if (table == nullptr) {
            address = next_table;
            continue;
        }
        const u32 stop = next_table < end.value() ? next_table : end.value();
        {
            const Guard lock(virt_to_page(table).ptl);
            for (PteSlot* slot = &table->entries[pte_index(UserAddr(address))]; address < stop;
                 ++slot, address += PAGE_SIZE)
                visit(UserAddr(address), slot);
            leave();
        }
        if (address < end.value())
            between();
    }
}

} // namespace faultline
