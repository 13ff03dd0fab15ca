// Stacks: VMAs that grow down to meet a fault.
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// Grows the stack above `address` down to its page. False: there is none, or its limit or what is below forbids it.
// Growing changes a VMA, so it takes the mmap lock for writing: the caller must not hold it. (Linux since 6.5:
// lock_mm_and_find_vma, expand_stack. Before, readers grew stacks beside other readers: CVE-2023-3269.)
bool expand_stack(MmStruct& mm, UserAddr address) EXCLUDES(mm.mmap_lock);

// The stack VMA for execve: [top - bytes, top), growing down; places mmap_base below it, at mm.stack_limit's distance
// (what is mapped already stays). NOMEM. (Linux setup_arg_pages.)
Result<VmArea*> setup_stack_vma(MmStruct& mm, UserAddr top, u32 bytes) EXCLUDES(mm.mmap_lock);

} // namespace faultline
