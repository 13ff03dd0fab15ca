// The system calls that make, change and remove mappings (mmap(2), mprotect(2), madvise(2), brk(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. Lengths are in bytes, `page_offset` and `pgoff`
// in pages. Errors of do_mmap(), do_munmap() and so on (mm/mmap.hpp). sys_mmap2: also BADF: no such descriptor; ACCES:
// the file is not open for what the mapping does; NODEV: the file cannot be mapped.
u32 sys_brk(UserAddr new_brk); // the break afterwards; it is unchanged if `new_brk` is not possible
Result<UserAddr> sys_mmap2(UserAddr address, u32 length, u32 prot, u32 flags, s32 fd, u32 page_offset);
Result<void> sys_munmap(UserAddr start, u32 length);
Result<void> sys_mprotect(UserAddr start, u32 length, u32 prot);
Result<UserAddr> sys_mremap(UserAddr old_address, u32 old_length, u32 new_length, u32 flags, UserAddr new_address);
Result<void> sys_madvise(UserAddr start, u32 length, u32 advice);
Result<void> sys_remap_file_pages(UserAddr start, u32 length, u32 prot, u32 pgoff, u32 flags);

} // namespace faultline
