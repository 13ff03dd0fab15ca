// The hardware that a software-filled TLB is played on. ARMv7 has no instruction that writes a TLB entry; but translation
// tables of a CPU's own, in which only the pages of its TLB are ever valid, come to the same: whatever else is touched
// faults.
//
//   TTBR0 ──► directory: 2048 megabytes ──► as many second-level tables of 256 pages as the TLB has entries
//
// An entry needs at most one second-level table of its own, so that many are always enough; one that has no page left
// is taken out of the directory and used for another megabyte. Used by its CPU only, interrupts masked.
#pragma once

#include <array>

#include "arch/contract/tlb.hpp"

namespace faultline::softtlb {

class PrivateTables {
  public:
    // Takes memory for `tables` second-level tables, up to MAX_TLB_ENTRIES. Once, from mmu_init_cpu(). Panics
    // without memory.
    void allocate(u32 tables);

    PhysAddr directory() const;

    // Makes a page valid that is not.
    void set(UserAddr page, u32 descriptor);

    // Makes one invalid again. The caller owes an invalidation of that page under the ASID it was used with, before the
    // next set(): the walker may remember the way to a second-level table (ARM ARM B3.10.1).
    void clear(UserAddr page);

    u32 first_level(UserAddr page) const; // the descriptor of its megabyte

  private:
    u32* slot(UserAddr page) const;

    u32* directory_ = nullptr;
    std::array<u32*, MAX_TLB_ENTRIES> tables_{};
    std::array<u16, MAX_TLB_ENTRIES> valid_{};      // descriptors in each
    std::array<u16, MAX_TLB_ENTRIES> spare_{};      // a stack of tables that serve no megabyte …
    u32 spares_ = 0;                                // … this many
    std::array<u16, (TASK_SIZE >> 20)> table_of_{}; // of each megabyte: its number plus 1; 0: none
};

} // namespace faultline::softtlb
