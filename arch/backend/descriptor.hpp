// What a truth entry means to an ARMv7 MMU: the one function from software bits to a descriptor.
#pragma once

#include "arch/armv7/short_descriptor.hpp"
#include "arch/contract/page_table.hpp"

namespace faultline::backend {

// Attributes of every user page: normal memory, cacheable and shareable, tagged with the ASID.
inline constexpr u32 USER_PAGE = armv7::encode(armv7::SmallPageDescriptor{
    .access = armv7::AccessPermission::ReadOnly,
    .memory = armv7::MemoryType::WriteBackWriteAllocate,
    .shareable = true,
    .not_global = true,
});

// What a page that may be written, and one that may not be executed, have set or cleared beside that.
inline constexpr u32 READ_ONLY_BIT =
    armv7::encode(armv7::SmallPageDescriptor{.access = armv7::AccessPermission::ReadOnly}) ^
    armv7::encode(armv7::SmallPageDescriptor{.access = armv7::AccessPermission::ReadWrite});
inline constexpr u32 XN_BIT =
    armv7::encode(armv7::SmallPageDescriptor{.xn = true}) ^ armv7::encode(armv7::SmallPageDescriptor{.xn = false});

// The law of the software bits (pte_user_readable and pte_user_writable) as a descriptor. The hardware has no
// dirty bit and its access flag is not used, so a missing bit is expressed as a missing permission:
//
//   not present, not young or not the user's  ->  none: every access faults (translation)
//   readable, but not both writable and dirty ->  read-only: the first write faults (permission)
//   writable and dirty                        ->  read-write
//
// The kernel never gets more rights than the user: LDREX and STREX have no unprivileged form, and obey the user's
// rights too.
constexpr u32 derive_descriptor(Pte pte) {
    if (!pte_user_readable(pte))
        return armv7::INVALID_DESCRIPTOR;
    u32 descriptor = (pte.bits() & PAGE_MASK) | USER_PAGE;
    if (pte_user_writable(pte))
        descriptor &= ~READ_ONLY_BIT;
    if (!pte_exec(pte))
        descriptor |= XN_BIT;
    return descriptor;
}

} // namespace faultline::backend
