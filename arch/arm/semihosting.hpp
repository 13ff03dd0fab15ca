// Calls to the debugger or emulator that runs this machine (ARM DUI 0471, Semihosting).
#pragma once

#include "base/types.hpp"

namespace faultline {

// Makes a semihosting call. HLT 0xf000 is the call in ARM state; unlike SVC it changes none of our registers. Without a
// semihosting host the instruction is undefined; the exception table then continues behind it. Returns the host's answer.
inline u32 semihosting_call(u32 operation, const void* argument) {
    register u32 r0 asm("r0") = operation;
    register const void* r1 asm("r1") = argument;
    asm volatile("1: .word 0xe10f0070\n"
                 "2:\n\t"
                 ".pushsection __ex_table, \"a\"\n\t"
                 ".word 1b, 2b\n\t"
                 ".popsection"
                 : "+r"(r0)
                 : "r"(r1)
                 : "memory", "lr");
    return r0;
}

inline void semihosting_write(char byte) { semihosting_call(0x03, &byte); } // SYS_WRITEC

} // namespace faultline
