// Making good what the processor does not do at an unaligned address (Linux arch/arm/mm/alignment.c).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// The instruction at which a program was interrupted. Of a Thumb instruction of two halves, the first is the upper.
struct UserInstruction {
    u32 bits = 0;
    u32 bytes = 0; // 2 or 4
};

// Reads it. FAULT. Interrupts on; may sleep; user mode only.
Result<UserInstruction> read_instruction(const PtRegs& regs);

// What was done with it: a pair of words or several were loaded or stored, and `regs` are as after the instruction; or
// nothing, because it is none that is made good.
enum class Emulated : u8 { Pair, Several, Nothing };
struct Emulation {
    Emulated what = Emulated::Nothing;
    bool done = true; // false: a page is not there, or does not permit it. `regs` are unchanged
};

// Does what the instruction says, byte by byte, as the program could. Conditions as above.
Emulation emulate_unaligned(PtRegs& regs, UserInstruction instruction);

} // namespace faultline
