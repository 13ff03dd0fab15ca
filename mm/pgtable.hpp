// Finding and making entries in the canonical page table.
#pragma once

#include "mm/mm_struct.hpp"

namespace faultline {

// The entry for `address`, or nullptr if its PteTable does not exist. Hold the mmap lock for as long as it is used.
inline PteSlot* pte_offset(MmStruct& mm, UserAddr address) {
    PteTable* table = mm.pgd->tables[pgd_index(address)];
    return table != nullptr ? &table->entries[pte_index(address)] : nullptr;
}

// The same, making the table; nullptr: out of memory (Linux: pte_alloc). Must not hold page_table_lock.
PteSlot* pte_alloc(MmStruct& mm, UserAddr address);

// Frees the tables that lie wholly in [floor, ceiling) between neighbours' VMAs, all of whose entries are none; the
// caller has flushed (Linux: free_pgtables).
void free_pgtables(MmStruct& mm, UserAddr floor, UserAddr ceiling);

// Calls visit(address, slot) for every entry of [start, end) whose table exists. Caller holds page_table_lock.
template <class Visitor>
void walk_page_range(MmStruct& mm, UserAddr start, UserAddr end, Visitor&& visit) {
    u32 address = start.value();
    while (address < end.value()) {
        PteTable* table = mm.pgd->tables[pgd_index(UserAddr(address))];
        const u32 next_table = (address & PMD_MASK) + PMD_SIZE;
        if (table == nullptr) {
            address = next_table;
            continue;
        }
        const u32 stop = next_table < end.value() ? next_table : end.value();
        for (; address < stop; address += PAGE_SIZE)
            visit(UserAddr(address), &table->entries[pte_index(UserAddr(address))]);
    }
}

} // namespace faultline
