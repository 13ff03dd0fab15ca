// The kernel's own translation table, and the descriptor of a page of memory in it.
#pragma once

#include "arch/armv7/short_descriptor.hpp"
#include "base/types.hpp"

namespace faultline {

extern "C" u32 swapper_pg_dir[4096]; // paging.cpp

constexpr u32 memory_page(PhysAddr base, armv7::AccessPermission access, bool xn) {
    return encode(armv7::SmallPageDescriptor{.base = base,
                                             .access = access,
                                             .memory = armv7::MemoryType::WriteBackWriteAllocate,
                                             .shareable = true,
                                             .xn = xn});
}

} // namespace faultline
