// Bits of the system control registers that the machine sets or reads (ARM ARM DDI 0406C B4.1).
#pragma once

#include "base/types.hpp"

namespace faultline::armv7 {

// SCTLR, B4.1.130.
inline constexpr u32 SCTLR_M = 1u << 0;    // MMU on
inline constexpr u32 SCTLR_A = 1u << 1;    // alignment checks on every access
inline constexpr u32 SCTLR_C = 1u << 2;    // data and unified caches on
inline constexpr u32 SCTLR_Z = 1u << 11;   // branch prediction on
inline constexpr u32 SCTLR_I = 1u << 12;   // instruction caches on
inline constexpr u32 SCTLR_V = 1u << 13;   // vectors at 0xffff0000
inline constexpr u32 SCTLR_WXN = 1u << 19; // writable pages are execute-never
inline constexpr u32 SCTLR_TRE = 1u << 28; // TEX remap
inline constexpr u32 SCTLR_AFE = 1u << 29; // AP[0] is the access flag
inline constexpr u32 SCTLR_TE = 1u << 30;  // exceptions are taken in Thumb state

// TTBCR, B4.1.153: an address goes through TTBR0 if its top N bits are zero, and otherwise through TTBR1.
inline constexpr u32 TTBCR_N_1 = 1u << 0;  // N = 1: TTBR0 translates the lower 2 GiB, its table is 8 KiB
inline constexpr u32 TTBCR_PD0 = 1u << 4;  // no walks through TTBR0
inline constexpr u32 TTBCR_PD1 = 1u << 5;  // no walks through TTBR1
inline constexpr u32 TTBCR_EAE = 1u << 31; // long descriptors

// TTBR0 and TTBR1 with the multiprocessing extensions, B4.1.154: how table walks are cached.
inline constexpr u32 TTBR_IRGN_WBWA = 1u << 6; // IRGN = 0b01 (its low bit): inner write-back write-allocate
inline constexpr u32 TTBR_S = 1u << 1;         // shareable
inline constexpr u32 TTBR_RGN_WBWA = 1u << 3;  // RGN = 0b01: outer write-back write-allocate
inline constexpr u32 TTBR_NOS = 1u << 5;       // not outer shareable
inline constexpr u32 TTBR_WALK_ATTRIBUTES = TTBR_IRGN_WBWA | TTBR_S | TTBR_RGN_WBWA | TTBR_NOS;

// DACR, B4.1.43: two bits for each of the 16 domains.
inline constexpr u32 DACR_NO_ACCESS = 0b00; // every access is a domain fault
inline constexpr u32 DACR_CLIENT = 0b01;    // descriptors are obeyed
inline constexpr u32 DACR_MANAGER = 0b11;   // descriptors' permissions, XN included, are ignored
constexpr u32 dacr_domain(u32 domain, u32 access) { return access << (2 * domain); }

// PAR after an address translation operation, B4.1.112, short-descriptor format.
inline constexpr u32 PAR_F = 1u << 0;                                      // the translation faulted
inline constexpr u32 PAR_SS = 1u << 1;                                     // the address is in a supersection
constexpr u32 par_fault_code(u32 par) { return (par >> 1) & 0x1f; }        // FS[4:0] if F
constexpr PhysAddr par_page(u32 par) { return PhysAddr(par & PAGE_MASK); } // if not F

// FPEXC, B6.1.38.
inline constexpr u32 FPEXC_EN = 1u << 30; // VFP and NEON on

// ACTLR of the Cortex-A15 (TRM 4.3.28): this CPU takes part in coherency. Must be set before the caches and the MMU are
// on.
inline constexpr u32 ACTLR_SMP = 1u << 6;

} // namespace faultline::armv7
