// fault_in_user_writeable: what a futex operation calls between two tries, after its write with page faults
// disabled failed. Five ways to do it, chosen by the boot argument fault_in=; one argument apart, the same
// loop hangs or ends.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

enum class FaultIn : u8 {
    Gup,       // get_user_pages for write (Linux 2.6.31 – 3.0): never touches a present, writable entry
    GupDirty,  // the same, insisting on young and dirty in the entry before it takes the page
    Fixup2011, // fixup_user_fault as first merged (Linux 3.1): does not ask whether the VMA permits the write
    Fixup,     // fixup_user_fault as it is in Linux 6.1
    Trap,      // Gup, and the abort handler itself repairs the entry (mm_config.repair_in_trap)
};

extern constinit FaultIn fault_in_policy; // read it anywhere; change it only through set_fault_in_policy

// Chooses the repair, and the abort handler's part in it. While booting, or in a test with no task in a futex
// call.
void set_fault_in_policy(FaultIn policy);

// The boot argument's value as a policy: "gup", "gup_dirty", "fixup_2011", "fixup", "trap". False, leaving
// `policy` as it was, for anything else.
bool parse_fault_in(const char* text, FaultIn& policy);
const char* fault_in_name(FaultIn policy);

// Makes the current task's word at `address` writable, or so the chosen repair believes. FAULT where it
// cannot be, NOMEM, INTR (fatal signal; get_user_pages only, and never while the task exits). May sleep: no
// spin lock and not the mmap lock held, page faults enabled. (Linux 6.1 kernel/futex/core.c
// fault_in_user_writeable.)
Result<void> fault_in_user_writeable(UserAddr address);

// Calls of fault_in_user_writeable since boot: /proc/sys/kernel/futex_faultin_count.
u64 futex_faultin_count();

} // namespace faultline
