// Kernel memory by size.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Any size up to 4 MiB, 8-aligned (page-aligned above KmemCache::MAX_SIZE); nullptr: out of memory. kfree(nullptr) does
// nothing. Callable with spin locks held, not from interrupts. (Linux: the same names.)
[[nodiscard]] void* kmalloc(u32 bytes);
void kfree(void* object);

} // namespace faultline
