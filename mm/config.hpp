// The boot arguments that change what mm/ does. Set once while booting (or by a test), read everywhere.
#pragma once

namespace faultline {

struct MmConfig {
    // fault_around=0|1: a read fault also maps its cached neighbours (16 pages).
    bool fault_around = true;
    // fork_copy_shared=0|1: copy entries of shared mappings, clean and old (Linux < 2.6.14).
    bool fork_copy_shared = false;
    // fault_in=trap: the abort handler repairs old, clean and stale by itself.
    bool repair_in_trap = false;
};

inline constinit MmConfig mm_config;

} // namespace faultline
