// Access to device registers. ioremap() maps them as Device memory: each access is made once, whole, and in program
// order.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Maps `bytes` bytes of device registers from `start` (any alignment) and returns their address. The mapping stays
// until the machine ends. Two calls for the same pages share one mapping. Panics when the area of one megabyte is full.
// Called during boot, not from interrupt handlers.
void* ioremap(PhysAddr start, u32 bytes);

// Naturally aligned accesses at byte `offset` from the address that ioremap() returned. Accesses to one device stay in
// program order. A write that hands memory to a device needs a fence (std::atomic_thread_fence) before it.
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
