// Entries in bulk: fork's copy, unmapping, protection change. (Linux mm/memory.c, mm/mprotect.c.)
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page.hpp"

namespace faultline {

// Copies the entries of `vma` (of `source`) to `destination` as fork does: private writable ones become
// write-protected on both sides and the child's old; entries of shared mappings are not copied unless
// mm_config.fork_copy_shared, then clean and old. The caller flushes the source's TLB afterwards. NOMEM.
// Caller holds source's mmap lock for writing. (Linux copy_page_range.)
Result<void> copy_page_range(MmStruct& destination, MmStruct& source, const VmArea& vma);

// Empties the entries of [start, end): dirty moves to the page, map counts and references go, in an order that no
// TLB can outlive (MmuGather). Caller holds the mmap lock (or, for truncation, the AddressSpace's lock).
// (Linux zap_page_range / unmap_page_range.)
void zap_page_range(MmStruct& mm, UserAddr start, UserAddr end);

// Gives the present entries of [start, end) the rights of `vma` (its flags already new): keeps young and dirty, never
// adds WRITE to a page that must first be copied. Flushes. Caller holds the mmap lock for writing.
// (Linux change_protection.)
void change_protection(VmArea& vma, UserAddr start, UserAddr end);

// Moves the entries of `bytes` from old_start to new_start, VMAs of `mapping` (nullptr: anonymous) already in place. Flushes. Caller holds the mmap lock
// for writing. NOMEM: some entries may have moved, all are where one of the two VMAs finds them after a retry back.
// (Linux move_page_tables.)
Result<void> move_page_tables(MmStruct& mm, AddressSpace* mapping, UserAddr old_start, UserAddr new_start, u32 bytes);

// One more, one fewer entry of `mm` maps `page`: its mapcount and the mm's rss, not its reference count. Never for
// special entries. Caller holds the entry's lock. (Linux page_add_*_rmap, page_remove_rmap.)
void page_add_rmap(MmStruct& mm, Page& page);
void page_remove_rmap(MmStruct& mm, Page& page);

// The page behind a present entry, or nullptr for the zero page (Linux: vm_normal_page).
Page* vm_normal_page(Pte pte);

} // namespace faultline
