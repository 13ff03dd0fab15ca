// The identification of the processor.
#pragma once

#include "base/types.hpp"

namespace faultline {

// The Main ID Register (ARM ARM B4.1.105): implementer in bits 31–24, variant in bits 23–20, primary part number in
// bits 15–4, revision in bits 3–0. Callable anywhere.
inline u32 read_cpuid_id() {
    u32 midr;
    asm("mrc p15, 0, %0, c0, c0, 0" : "=r"(midr));
    return midr;
}

} // namespace faultline
