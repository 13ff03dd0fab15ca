// Physical memory: where RAM is, how the kernel addresses it, and operations on whole pages.
#pragma once

#include "base/types.hpp"

namespace faultline {

// RAM is one contiguous range: its first physical address and its size in bytes. Both are constant from start_kernel()
// on.
PhysAddr ram_start();
u32 ram_bytes();

// Conversion between a physical address in RAM and the kernel's pointer to it in the linear mapping. Both are pure
// arithmetic: an address outside RAM gives a wrong result.
void* phys_to_virt(PhysAddr address);
PhysAddr virt_to_phys(const void* pointer);

// Fill one page with zeros; copy one page. The pointers are page-aligned and lie in the linear mapping.
void clear_page(void* page);
void copy_page(void* to, const void* from);

// Makes stores to [start, start + bytes) visible to instruction fetches on all CPUs (ARM ARM B2.2.9). The range is
// mapped.
void flush_icache_range(const void* start, u32 bytes);

// Whether some CPU can still reach the frame through its TLB, as a page or as a translation table. Only the modelled
// machine can tell; the real machine answers false. Debug builds ask when a frame is freed: no TLB may reach it then.
bool tlb_can_reach(Pfn frame);

} // namespace faultline
