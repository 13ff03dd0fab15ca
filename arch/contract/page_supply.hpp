// Memory that mm/ supplies to a back end for its own tables; mm/ defines these functions, the linker connects them.
#pragma once

namespace faultline {

// Allocates a zeroed block of 8 KiB in the linear mapping, aligned to 8 KiB. It serves as the first-level table of one
// address space (ARM ARM B3.5.4: 2048 descriptors with TTBCR.N = 1) or as eight second-level tables. Returns nullptr if
// memory is exhausted. Does not sleep. The caller holds no page-table lock.
inline constexpr unsigned HARDWARE_DIRECTORY_BYTES = 8192;
void* alloc_hardware_directory();

// Frees such a block. No CPU may walk it any more, and no TLB may hold a translation that was read from it.
void free_hardware_directory(void* directory);

} // namespace faultline
