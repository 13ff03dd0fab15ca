// The call of a station that is watched. To the code around it is one instruction that changes nothing: no register and no
// word of the stack has to be saved for it, so a function that calls nothing else needs no frame, watched or not. (A call of a
// C++ function would cost every function with a station its prologue.)
#pragma once

#include "base/types.hpp"

namespace faultline {

// Calls trace_record() (base/trace.hpp) with the first COUNT words. The others are copies of words before them, so that they
// need no registers.
template <u32 STATION, u32 COUNT>
[[gnu::always_inline]] inline void trace_call(u32 word0, u32 word1, u32 word2, u32 word3) {
    asm inline volatile("str lr, [sp, #-24]!\n\t"
                        "str %[word0], [sp, #8]\n\t"
                        "str %[word1], [sp, #12]\n\t"
                        "str %[word2], [sp, #16]\n\t"
                        "str %[word3], [sp, #20]\n\t"
                        "movw lr, %[head]\n\t"
                        "str lr, [sp, #4]\n\t"
                        "bl trace_from_station\n\t" // arch/arm/trace_call.S
                        "ldr lr, [sp], #24"
                        :
                        : [head] "n"(STATION | COUNT << 8), [word0] "r"(word0), [word1] "r"(word1), [word2] "r"(word2),
                          [word3] "r"(word3));
}

} // namespace faultline
