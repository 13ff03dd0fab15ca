// The translation tables with which a software-filled TLB is imitated. ARMv7 has no instruction that writes a TLB
// entry. Instead each CPU has translation tables of its own, in which only the pages in its TLB are valid. An access to
// any other page faults.
//
//   TTBR0 ──► directory: 2048 megabytes ──► as many second-level tables of 256 pages as the TLB has entries
//
// Each entry needs at most one second-level table for itself, so this number of tables always suffices. A table without
// valid pages is removed from the directory and can serve another megabyte. Only the tables' own CPU uses them, with
// interrupts masked.
#pragma once

#include <arch/translation.hpp>

#include <array>

#include "arch/armv7/short_descriptor.hpp"
#include "arch/contract/tlb.hpp"

namespace faultline::softtlb {

class PrivateTables {
  public:
    // Allocates the directory and `tables` second-level tables, at most MAX_TLB_ENTRIES. Called once, from
    // mmu_init_cpu(). Panics if memory is exhausted.
    void allocate(u32 tables);

    PhysAddr directory() const; // what TTBR0 gets

    // Makes an invalid page valid.
    void set(UserAddr page, u32 descriptor) {
        u16 number = table_of_[megabyte_of(page)];
        if (number == NO_TABLE) [[unlikely]]
            number = take_spare(page);
        Table& table = tables_[number];
        machine::store_descriptor(table.descriptors + index_of(page), descriptor);
        ++table.valid;
    }

    // Makes a valid page invalid. The caller must invalidate that page, with the ASID that it was used with, before the
    // next set(): the walker may have cached the first-level descriptor (ARM ARM B3.10.1).
    void clear(UserAddr page) {
        Table& table = tables_[table_of_[megabyte_of(page)]];
        machine::store_descriptor(table.descriptors + index_of(page), armv7::INVALID_DESCRIPTOR);
        if (--table.valid == 0) [[unlikely]]
            give_back(page);
    }

    u32 first_level(UserAddr page) const; // the descriptor of its megabyte

  private:
    static constexpr u16 NO_TABLE = 0;
    struct Table {
        u32* descriptors = nullptr;
        u32 valid = 0; // how many of them are
    };

    static constexpr u32 megabyte_of(UserAddr page) { return page.value() >> armv7::SECTION_SHIFT; }
    static constexpr u32 index_of(UserAddr page) { return (page.value() >> PAGE_SHIFT) % armv7::SECOND_LEVEL_ENTRIES; }
    u16 take_spare(UserAddr page);
    void give_back(UserAddr page);

    u32* directory_ = nullptr;
    u32 spares_ = 0;                                  // the height of the stack of unused tables
    std::array<u16, (TASK_SIZE >> 20)> table_of_{};   // for each megabyte its table, or NO_TABLE
    std::array<Table, MAX_TLB_ENTRIES + 1> tables_{}; // [NO_TABLE] is not used
    std::array<u16, MAX_TLB_ENTRIES> spare_{};        // that stack
};

} // namespace faultline::softtlb
