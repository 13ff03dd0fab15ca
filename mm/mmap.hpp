// mmap(2).
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// mmap(2). Takes the mmap lock. `prot`, `flags`: Linux's PROT_*, MAP_*. `mapping`: the file's, or nullptr for anonymous
// memory; the VMA takes its own reference. `may_write`: the file was opened for writing (else MAP_SHARED with
// PROT_WRITE is ACCES, and mprotect may not add it). `pgoff` in pages. Returns the address. INVAL (length 0; a fixed
// address misaligned or in the first two pages; neither shared nor private; huge pages), NOMEM (no room, or 65530
// VMAs), EXIST (MAP_FIXED_NOREPLACE), ACCES, OVERFLOWED (pgoff), OPNOTSUPP (MAP_SHARED_VALIDATE with a flag that is not
// known), PERM and AGAIN (MAP_LOCKED: no locking at all; too much).
Result<UserAddr> do_mmap(MmStruct& mm, UserAddr hint, u32 length, u32 prot, u32 flags, AddressSpace* mapping,
                         bool may_write, u32 pgoff) EXCLUDES(mm.mmap_lock);

} // namespace faultline
