// Allocations that fail on purpose, in debug builds: the nth of one task, or now and then one of any task. (Linux:
// lib/fault-inject.c, mm/failslab.c, Documentation/fault-injection.)
//
// Both kinds stay off until set_fault_injection(), so what the kernel makes for itself at boot, without which it
// cannot go on, is never refused. Afterwards no allocation is spared: there is no __GFP_NOFAIL.
#pragma once

#include "base/types.hpp"

namespace faultline {

#ifdef FAULTLINE_DEBUG

// Which allocations of all tasks fail (Linux: struct fault_attr).
struct FaultAttr {
    u32 interval = 1;    // 3: only every third may fail
    u32 probability = 0; // in per cent, that it does; the random numbers are the same in every boot
    u32 space = 0;       // none fails before so much was asked for: pages, or bytes of small objects
    s32 times = -1;      // how many may fail; -1: any number
};

// The boot arguments failslab= and fail_page_alloc=. They take effect with set_fault_injection().
void setup_failslab(const FaultAttr& attr);
void setup_fail_page_alloc(const FaultAttr& attr);

// Whether allocations may fail at all: only then does a task's MmTask::fail_nth count, and do the boot arguments. There must
// be a current task. On when process 1 is about to run; in a test, while it wants that.
void set_fault_injection(bool on);

// Whether the allocation that the caller is about to make fails. They count it: KmemCache::alloc and so kmalloc the first,
// alloc_pages the second. (Linux: the same names.)
bool should_failslab(u32 bytes);
bool should_fail_alloc_page(u32 order);

#else

constexpr bool should_failslab(u32) { return false; }
constexpr bool should_fail_alloc_page(u32) { return false; }

#endif

} // namespace faultline
