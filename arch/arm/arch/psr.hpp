// The program status registers: CPSR, and SPSR of each exception mode (ARM ARM B1.3.3).
#pragma once

#include "base/types.hpp"

namespace faultline {

inline constexpr u32 PSR_MODE_MASK = 0x1f; // M[4:0]
inline constexpr u32 PSR_MODE_USER = 0x10;
inline constexpr u32 PSR_MODE_FIQ = 0x11;
inline constexpr u32 PSR_MODE_IRQ = 0x12;
inline constexpr u32 PSR_MODE_SUPERVISOR = 0x13;
inline constexpr u32 PSR_MODE_ABORT = 0x17;
inline constexpr u32 PSR_MODE_UNDEFINED = 0x1b;
inline constexpr u32 PSR_MODE_SYSTEM = 0x1f;

inline constexpr u32 PSR_T = 1u << 5;         // Thumb state
inline constexpr u32 PSR_I = 1u << 7;         // IRQs are masked
inline constexpr u32 PSR_E = 1u << 9;         // data accesses are big-endian
inline constexpr u32 PSR_GE = 0x000f'0000;    // the SIMD comparison flags
inline constexpr u32 PSR_IT = 0x0600'fc00;    // the state of an IT block
inline constexpr u32 PSR_FLAGS = 0xf800'0000; // N, Z, C, V, Q

// Bit 0 of an address to branch to: the code there is Thumb code (ARM ARM A2.3.1, BXWritePC).
inline constexpr u32 INTERWORKING_THUMB = 1;

} // namespace faultline
