// What becomes of a program's access to an unaligned address, and counters of that: /proc/cpu/alignment (Linux
// arch/arm/mm/alignment.c, Documentation/arm/mem_alignment.rst).
#pragma once

#include <atomic>

#include "arch/contract/fault_info.hpp"
#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// Bits of the mode. Without the last two, nothing could be done but to fault again, so one of them is always set.
inline constexpr u32 UM_WARN = 1, UM_FIXUP = 2, UM_SIGNAL = 4;
inline constexpr u32 UM_MAX = UM_SIGNAL | UM_WARN;

// Since boot.
struct AlignmentCounts {
    std::atomic<u32> user{0};    // such accesses of programs
    std::atomic<u32> skipped{0}; // instructions that are not made good
    std::atomic<u32> dword{0}, multi{0};
};
const AlignmentCounts& alignment_counts();

u32 alignment_mode();
void set_alignment_mode(u32 mode); // 0 … UM_MAX

// Makes the access, or sends current a signal: SIGBUS, or SIGSEGV if the memory is not there. `fault` is an alignment
// fault in user mode. Interrupts on; no lock held; may sleep. (Linux: do_alignment.)
void handle_alignment(PtRegs& regs, FaultInfo fault);

} // namespace faultline
