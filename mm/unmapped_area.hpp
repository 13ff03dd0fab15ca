// Where a new mapping goes. Private to mm/.
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// The lowest address a program may map: Linux/ARM keeps the first two pages from every program, for the vector page's
// sake and so that a null pointer always faults (Linux arch/arm/include/asm/pgtable.h). mmap_min_addr, which does not
// bind root, is not there.
inline constexpr UserAddr FIRST_USER_ADDRESS{2 * PAGE_SIZE};

// Nothing is placed, and no stack grows, nearer than this below a stack (Linux mm/mmap.c: 256 pages).
inline constexpr u32 STACK_GUARD_GAP = 256 * PAGE_SIZE;

// Where the VMA begins for others: with the gap below it, if it grows down.
UserAddr vm_start_gap(const VmArea& vma);

// Chooses mmap_base for a stack that ends at `stack_top`: room for mm.stack_limit, 128 MiB at least. (Linux
// mm/util.c arch_pick_mmap_layout.)
void arch_pick_mmap_layout(MmStruct& mm, UserAddr stack_top);

// An address for `length` bytes (page-aligned, not 0): `address` itself if `fixed`, which may hold VMAs already;
// otherwise one without VMAs: `address` if that is possible and not 0, else the highest below mmap_base. NOMEM: no
// room, or beyond TASK_SIZE; INVAL: a fixed address misaligned or below FIRST_USER_ADDRESS.
Result<UserAddr> get_unmapped_area(const MmapWriteLocked& locked, UserAddr address, u32 length, bool fixed);

// Tells the search that what ends at `end` has come free.
void note_free_area(const MmapWriteLocked& locked, UserAddr end);

} // namespace faultline
