// Memory of an address space that need not be the current one (Linux: access_remote_vm).
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// Both take the mmap lock for reading. FAULT: not mapped, or not writable; NOMEM; INTR: a fatal signal.
Result<void> write_remote_memory(MmStruct& mm, UserAddr to, const void* from,
                                 u32 bytes); // from nullptr: zeros
Result<void> read_remote_memory(MmStruct& mm, void* to, UserAddr from, u32 bytes);

} // namespace faultline
