// derive_descriptor() as a table, because every change of an entry asks: the compiler fills it in.
#pragma once

#include <array>

#include "arch/backend/descriptor.hpp"

namespace faultline::backend {

inline constexpr u32 DERIVED_FROM = Pte::PRESENT | Pte::YOUNG | Pte::DIRTY | Pte::WRITE | Pte::USER | Pte::NOEXEC;

// The descriptor for each set of these flags, without the frame.
inline constexpr auto DERIVED_FLAGS = [] {
    std::array<u32, DERIVED_FROM + 1> derived{};
    for (u32 flags = 0; flags < derived.size(); ++flags)
        derived[flags] = derive_descriptor(Pte(Pfn(0), flags));
    return derived;
}();
// derive_descriptor(pte), looked up.
inline u32 descriptor_for(Pte pte) {
    const u32 flags = DERIVED_FLAGS[pte.bits() & DERIVED_FROM];
    return flags != armv7::INVALID_DESCRIPTOR ? (pte.bits() & PAGE_MASK) | flags : armv7::INVALID_DESCRIPTOR;
}

} // namespace faultline::backend
