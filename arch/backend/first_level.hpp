// The first-level descriptors of user space.
#pragma once

#include "arch/armv7/short_descriptor.hpp"
#include "base/types.hpp"

namespace faultline::backend {

// User mappings are in domain 0; arch/arm makes it a client domain, so that descriptors are obeyed.
inline constexpr u8 USER_DOMAIN = 0;

// A first-level descriptor for one of the two tables in a PteTable. PXN: the kernel executes no user page.
constexpr u32 derive_first_level(PhysAddr second_level_table) {
    return armv7::encode(armv7::PageTableDescriptor{.table = second_level_table, .domain = USER_DOMAIN, .pxn = true});
}

} // namespace faultline::backend
