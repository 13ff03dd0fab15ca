// fault_in_user_writeable: the repair that a futex operation calls after its write with page faults disabled has
// failed, before it tries again. The boot argument fault_in= chooses one of five. With some of them the retry loop
// hangs, with others it ends.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

enum class FaultIn : u8 {
    Gup,       // get_user_pages for write (Linux 2.6.31 – 3.0): does not touch a present, writable entry
    GupDirty,  // the same, but the entry must be young and dirty before it takes the page
    Fixup2011, // fixup_user_fault as first merged (Linux 3.1): does not check whether the VMA permits the write
    Fixup,     // fixup_user_fault as it is in Linux 6.1
    Trap,      // Gup; and the abort handler itself repairs the entry (mm_config.repair_in_trap)
};

extern constinit FaultIn fault_in_policy; // read it anywhere; change it only through set_fault_in_policy

// Chooses the repair, and whether the abort handler repairs entries. Call it at boot, or in a test while no task is in
// a futex call.
void set_fault_in_policy(FaultIn policy);

// Translate between a policy and the boot argument's value: "gup", "gup_dirty", "fixup_2011", "fixup", "trap". The
// first returns false for any other text, and leaves `policy` as it was.
bool parse_fault_in(const char* text, FaultIn& policy);
const char* fault_in_name(FaultIn policy);

// Makes the current task's word at `address` writable, as far as the chosen repair can tell. FAULT: it cannot be made
// writable. NOMEM. INTR: a fatal signal (get_user_pages only, and not while the task exits). May sleep: the caller
// holds no spin lock and not the mmap lock, and page faults are enabled. (Linux 6.1 kernel/futex/core.c
// fault_in_user_writeable.)
Result<void> fault_in_user_writeable(UserAddr address);

// How often fault_in_user_writeable was called since boot: /proc/sys/kernel/futex_faultin_count.
u64 futex_faultin_count();

} // namespace faultline
