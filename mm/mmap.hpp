// Changing an address space's VMAs: the bodies of mmap2, munmap, mprotect, mremap, madvise, brk, and fork's
// dup_mmap. All take the mmap lock themselves, for writing (advice about entries alone: for reading);
// callable from a task with no lock held. Addresses and lengths are as the program gave them, unchecked.
// (Linux mm/mmap.c and neighbours; errors as the man pages say.)
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// mmap(2). `prot`, `flags`: Linux's PROT_*, MAP_*. `mapping`: the file's, or nullptr for anonymous memory;
// the VMA takes its own reference. `may_write`: the file was opened for writing (else MAP_SHARED with
// PROT_WRITE is ACCES, and mprotect may not add it). `pgoff` in pages. Returns the address. INVAL (length 0;
// a fixed address misaligned or in the first two pages; neither shared nor private; huge pages), NOMEM (no
// room, or 65530 VMAs), EXIST (MAP_FIXED_NOREPLACE), ACCES, OVERFLOWED (pgoff), OPNOTSUPP
// (MAP_SHARED_VALIDATE with a flag that is not known), PERM and AGAIN (MAP_LOCKED: no locking at all; too much).
Result<UserAddr> do_mmap(MmStruct& mm, UserAddr hint, u32 length, u32 prot, u32 flags, AddressSpace* mapping,
                         bool may_write, u32 pgoff);

Result<void> do_munmap(MmStruct& mm, UserAddr start, u32 length);             // INVAL, NOMEM
Result<void> do_mprotect(MmStruct& mm, UserAddr start, u32 length, u32 prot); // INVAL, NOMEM (hole), ACCES
Result<UserAddr> do_mremap(MmStruct& mm, UserAddr old_address, u32 old_length, u32 new_length, u32 flags,
                           UserAddr new_address); // INVAL, FAULT, NOMEM
Result<void> do_madvise(MmStruct& mm, UserAddr start, u32 length,
                        u32 advice); // INVAL, NOMEM (hole), ACCES, …

// mlock2(2) (`flags`: MLOCK_ONFAULT), munlock, mlockall (`flags`: MCL_*), munlockall (mm/mlock.cpp). INVAL (flags), PERM
// (the limit is 0), NOMEM (over the limit, or a hole), AGAIN (no memory to bring it in).
Result<void> do_mlock(MmStruct& mm, UserAddr start, u32 length, u32 flags);
Result<void> do_munlock(MmStruct& mm, UserAddr start, u32 length);
Result<void> do_mlockall(MmStruct& mm, u32 flags);
void do_munlockall(MmStruct& mm);

// remap_file_pages(2) (mm/remap_file_pages.cpp): another part of the file that is mapped shared in the whole range. INVAL,
// and what do_mmap answers.
Result<void> do_remap_file_pages(MmStruct& mm, UserAddr start, u32 length, u32 prot, u32 pgoff);

// brk(2) as the kernel does it: returns the new break, or the old one if it cannot be moved there.
UserAddr do_brk(MmStruct& mm, UserAddr new_brk);

// The stack VMA for execve: [top - bytes, top), growing down; places mmap_base below it, at mm.stack_limit's
// distance (what is mapped already stays). NOMEM.
Result<VmArea*> setup_stack_vma(MmStruct& mm, UserAddr top, u32 bytes);

// A copy of an address space for fork: VMAs, and entries by copy_page_range. The source's TLB entries are
// flushed before this returns, so that no write goes round the copy on write. NOMEM.
Result<MmStruct*> dup_mm(MmStruct& source);

// Unmaps everything (exec, exit). No CPU but this one runs on it.
void exit_mmap(MmStruct& mm);

} // namespace faultline
