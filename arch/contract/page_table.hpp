// The canonical page table: a directory of 1024 slots for the 2 GiB of a task. Each slot names a PteTable of 512
// entries, which covers 2 MiB.
//
//   UserAddr  | 30 … 21: directory slot | 20 … 12: entry | 11 … 0: byte |
//
// A PteTable is exactly one page, aligned to its size. Its lower half belongs to the back end: room for two ARMv7
// second-level tables of 256 descriptors each, which must be 1 KiB-aligned (ARM ARM B3.5.1). Its upper half is truth.
#pragma once

#include <array>

#include "arch/contract/pte.hpp"

namespace faultline {

inline constexpr u32 PTRS_PER_PTE = 512;
inline constexpr u32 PTRS_PER_PGD = 1024;
inline constexpr u32 PMD_SHIFT = 21;
inline constexpr u32 PMD_SIZE = 1u << PMD_SHIFT;
inline constexpr u32 PMD_MASK = ~(PMD_SIZE - 1);

struct alignas(PAGE_SIZE) PteTable {
    std::array<u32, PTRS_PER_PTE> hardware; // the back end's; mm/ never reads it
    std::array<PteSlot, PTRS_PER_PTE> entries;
};
static_assert(sizeof(PteTable) == PAGE_SIZE);

struct PageDirectory {
    std::array<PteTable*, PTRS_PER_PGD> tables;
};

constexpr u32 pgd_index(UserAddr address) { return (address.value() >> PMD_SHIFT) & (PTRS_PER_PGD - 1); }
constexpr u32 pte_index(UserAddr address) { return (address.value() >> PAGE_SHIFT) & (PTRS_PER_PTE - 1); }

} // namespace faultline
