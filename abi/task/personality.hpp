// What a process's personality(2) changes. Only READ_IMPLIES_EXEC does anything on this machine.
#pragma once

#include <linux/personality.h>

#include "abi/task/thread_group.hpp"
#include "mm/mman.hpp"

namespace faultline {

// `prot` of a mapping that current makes or changes: with READ_IMPLIES_EXEC, what may be read may be executed. (Linux
// mm/mmap.c do_mmap, mm/mprotect.c do_mprotect_pkey.)
inline u32 implied_protection(u32 prot) {
    const bool implies = (prot & PROT_READ) != 0 && (current_group().personality & READ_IMPLIES_EXEC) != 0;
    return implies ? prot | PROT_EXEC : prot;
}

} // namespace faultline
