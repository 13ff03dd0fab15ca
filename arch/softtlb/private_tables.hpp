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

#include <array>

#include "arch/contract/tlb.hpp"

namespace faultline::softtlb {

class PrivateTables {
  public:
    // Allocates the directory and `tables` second-level tables, at most MAX_TLB_ENTRIES. Called once, from
    // mmu_init_cpu(). Panics if memory is exhausted.
    void allocate(u32 tables);

    PhysAddr directory() const; // what TTBR0 gets

    // Makes an invalid page valid.
    void set(UserAddr page, u32 descriptor);

    // Makes a valid page invalid. The caller must invalidate that page, with the ASID that it was used with, before the
    // next set(): the walker may have cached the first-level descriptor (ARM ARM B3.10.1).
    void clear(UserAddr page);

    u32 first_level(UserAddr page) const; // the descriptor of its megabyte

  private:
    u32* slot(UserAddr page) const;

    u32* directory_ = nullptr;
    std::array<u32*, MAX_TLB_ENTRIES> tables_{};
    std::array<u16, MAX_TLB_ENTRIES> valid_{};      // the number of valid descriptors in each table
    std::array<u16, MAX_TLB_ENTRIES> spare_{};      // a stack of unused tables
    u32 spares_ = 0;                                // the height of that stack
    std::array<u16, (TASK_SIZE >> 20)> table_of_{}; // for each megabyte its table's index plus 1; 0: none
};

} // namespace faultline::softtlb
