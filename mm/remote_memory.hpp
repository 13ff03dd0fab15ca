// Reads and writes the memory of any address space (Linux: access_remote_vm).
#pragma once

#include "base/result.hpp"
#include "mm/gup.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// Copy `bytes` bytes; `from` nullptr writes zeros. With `more` = FOLL_FORCE the VMA need not grant the access (see
// get_user_pages). The caller keeps `mm` alive. They hold the mmap lock for reading while they copy within one page, so
// that no fork comes between the copy-on-write break and the write; they may sleep. What was copied before an error
// stays. FAULT: not mapped, or not writable or readable. NOMEM. INTR: a fatal signal.
Result<void> write_remote_memory(MmStruct& mm, UserAddr to, const void* from, u32 bytes, FollFlags more = FOLL_NONE)
    EXCLUDES(mm.mmap_lock);
Result<void> read_remote_memory(MmStruct& mm, void* to, UserAddr from, u32 bytes, FollFlags more = FOLL_NONE)
    EXCLUDES(mm.mmap_lock);

} // namespace faultline
