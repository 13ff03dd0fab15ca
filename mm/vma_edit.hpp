// Cutting and joining VMAs. Private to mm/; callers hold mmap_lock for writing. None of these touches an
// entry.
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

inline constexpr u32 MAX_MAP_COUNT = 65530; // VMAs in one mm (Linux: vm.max_map_count's default)

inline constexpr u32 VM_MAY_FLAGS = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
inline constexpr u32 VM_DATA_DEFAULT_FLAGS = VM_READ | VM_WRITE | VM_MAY_FLAGS; // heap and stack

// Moves the borders of an inserted VMA, pgoff with its start. It stays between its neighbours.
void vma_set_range(VmArea& vma, UserAddr start, UserAddr end);

// Cuts `vma` at `address`, strictly inside it: `vma` keeps the lower part; returns the upper. NOMEM: no
// memory; whether there may be one more VMA is for the caller to ask.
Result<VmArea*> split_vma(VmArea& vma, UserAddr address);

// Joins `vma` with its neighbours if they are alike: same flags, and one file range. Returns the VMA that now
// holds all.
VmArea& vma_merge(VmArea& vma);

// A VMA for the free range [start, end), perhaps by growing a neighbour; takes a reference of its own on
// `mapping` if it needs one. nullptr: out of memory.
VmArea* vma_place(MmStruct& mm, UserAddr start, UserAddr end, u32 flags, AddressSpace* mapping, u32 pgoff);

// Gives [start, end), inside `vma`, new flags, cutting and joining; returns the VMA that holds it then.
// NOMEM: nothing has changed.
Result<VmArea*> vma_modify_flags(VmArea& vma, UserAddr start, UserAddr end, u32 flags);

// do_munmap with the lock held: range page-aligned, not empty, below TASK_SIZE. NOMEM: nothing is unmapped.
Result<void> unmap_range(MmStruct& mm, UserAddr start, UserAddr end);

} // namespace faultline
