// What mm/ asks of the code above it, found by the linker: the only way up. The kernel's answers are in
// abi/mm_upcalls.cpp, or, where the scheduler gives them, in kernel/sched/sched.cpp; a host test has them in its harness.
#pragma once

#include <arch/current.hpp>

#include "base/lockdep.hpp"
#include "base/relaxed.hpp"
#include "base/types.hpp"

namespace faultline {

struct MmStruct;

// The memory side of one task (Linux keeps these fields in task_struct).
struct MmTask {
    MmStruct* mm = nullptr;     // nullptr: a kernel task
    u32 pagefault_disabled = 0; // how many PagefaultDisabled there are
    u32 min_flt = 0;            // faults served without waiting for a device
    u32 maj_flt = 0;            // faults that waited
#ifdef FAULTLINE_DEBUG
    // 1: the next allocation fails, 2: the one after it, and so on; 0: none does (mm/fail_alloc.hpp). Set by writing to
    // /proc/PID/fail-nth. (Linux: the same name.)
    Relaxed<u32> fail_nth = 0;
#endif
    [[no_unique_address]] lockdep::Held held; // sleeping locks; watched in debug builds only
};

// The memory side of the running task, with which a Task begins. There always is a current task.
inline MmTask& current_mm_task() { return *reinterpret_cast<MmTask*>(current()); }

// The running task's limits that bind an address space, in pages; ~0u is none (getrlimit(2)).
struct MmLimits {
    u32 address_space = ~u32{0}; // RLIMIT_AS
    u32 data = ~u32{0};          // RLIMIT_DATA
};
MmLimits current_mm_limits();

// What it may do beyond that.
struct MmRights {
    u32 locked = ~u32{0};          // RLIMIT_MEMLOCK, if it binds this task: not with CAP_IPC_LOCK
    bool may_lock = true;          // false: that limit is 0 bytes (Linux: can_do_mlock)
    bool may_use_reserve = true;   // of promised memory: CAP_SYS_ADMIN (mm/overcommit.hpp)
    bool may_inject_errors = true; // MADV_HWPOISON: CAP_SYS_ADMIN
};
MmRights current_mm_rights();

// Whether a signal that ends the current task is pending and may be honoured: false once the task is exiting
// (Linux 6.1: a PF_EXITING task takes no more signals, which is why a robust exit that hangs cannot be killed).
bool fatal_signal_pending();

// The last user of `mm` is gone: no CPU translates through it any more when this returns. (Linux: lazy TLB.)
void leave_lazy_mm(MmStruct& mm);

// Many pages are dirty: the flusher should begin, whatever its period is. Callable with spin locks held. (Linux: the same
// name.)
void wakeup_flusher_threads();

// Memory is short: kswapd should begin. Caller as for GFP_KERNEL. (Linux: the same name.)
void wakeup_kswapd();

// No page was to be had for the current task. Makes memory free, if need be by killing a process, and returns when it is worth
// trying again. False: do not, but fail; the current task is to die. Or it is a kernel task, for which nobody is killed.
// Sleeps, maybe for seconds: the caller has page faults enabled, and holds no spin lock and no mmap lock. Other sleeping locks
// may be held: a victim that waits for one of them is not waited for. (Linux: the same name.)
bool out_of_memory();

// Lets another runnable task run if the current one's slice is over; and gives the kernel lock up for a moment if
// another CPU waits for it. Each loop whose length a program chooses calls it. The mmap lock and other sleeping locks
// may be held, never a spin lock, and page faults are not disabled.
void cond_resched();

} // namespace faultline
