// Device registers: mapped by ioremap() as Device memory, accessed whole and in order.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Maps `bytes` of device registers from `start` (any alignment) for as long as the machine runs; nothing
// unmaps. Two calls for one page share its mapping. Never fails: panics when its one megabyte is used up. Not
// from interrupts.
void* ioremap(PhysAddr start, u32 bytes);

// Naturally aligned accesses at `offset` from what ioremap() gave. Accesses to one device stay in program
// order; a write that hands memory to a device needs a fence (std::atomic_thread_fence) before it.
inline u8 read8(const void* base, u32 offset) {
    return *reinterpret_cast<const volatile u8*>(static_cast<const u8*>(base) + offset);
}
inline u16 read16(const void* base, u32 offset) {
    return *reinterpret_cast<const volatile u16*>(static_cast<const u8*>(base) + offset);
}
inline u32 read32(const void* base, u32 offset) {
    return *reinterpret_cast<const volatile u32*>(static_cast<const u8*>(base) + offset);
}
inline void write8(void* base, u32 offset, u8 value) {
    *reinterpret_cast<volatile u8*>(static_cast<u8*>(base) + offset) = value;
}
inline void write16(void* base, u32 offset, u16 value) {
    *reinterpret_cast<volatile u16*>(static_cast<u8*>(base) + offset) = value;
}
inline void write32(void* base, u32 offset, u32 value) {
    *reinterpret_cast<volatile u32*>(static_cast<u8*>(base) + offset) = value;
}

} // namespace faultline
