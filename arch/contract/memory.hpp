// Physical memory as the kernel reaches it.
#pragma once

#include "base/types.hpp"

namespace faultline {

// RAM, a single range. Fixed once the machine is up.
PhysAddr ram_start();
u32 ram_bytes();

// The linear mapping: valid for RAM only.
void* phys_to_virt(PhysAddr address);
PhysAddr virt_to_phys(const void* pointer);

// Whole pages, page-aligned pointers into the linear mapping.
void clear_page(void* page);
void copy_page(void* to, const void* from);

// Makes what was stored in [start, start + bytes) visible to instruction fetch on all CPUs (ARM ARM B2.2.9).
void flush_icache_range(const void* start, u32 bytes);

// Whether any CPU could still reach the frame through its TLB, as a page or as a table. Only a modelled machine can
// tell, a real one says no; asked in debug builds when a frame is freed (nothing is freed that a TLB can reach).
bool is_reachable(Pfn frame);

} // namespace faultline
