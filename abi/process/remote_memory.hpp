// Reads and writes the memory of any address space (Linux: access_remote_vm).
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// Copy `bytes` bytes; `from` nullptr writes zeros. The caller keeps `mm` alive. They take the mmap lock for reading,
// and may sleep. FAULT: not mapped, or not writable or readable. NOMEM. INTR: a fatal signal.
Result<void> write_remote_memory(MmStruct& mm, UserAddr to, const void* from, u32 bytes);
Result<void> read_remote_memory(MmStruct& mm, void* to, UserAddr from, u32 bytes);

} // namespace faultline
