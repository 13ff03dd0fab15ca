// Memory that a back end needs for itself, supplied by mm/ through the linker.
#pragma once

namespace faultline {

// A zeroed block of 8 KiB in the linear mapping, aligned to 8 KiB: the first-level table of one address space
// (ARM ARM B3.5.4: 2048 descriptors with TTBCR.N = 1), or eight second-level ones. nullptr: out of memory. May not
// sleep; no lock of mm/'s page tables held.
inline constexpr unsigned HARDWARE_DIRECTORY_BYTES = 8192;
void* alloc_hardware_directory();

// Gives such a block back; no CPU walks it and no TLB reaches anything through it any more.
void free_hardware_directory(void* directory);

} // namespace faultline
