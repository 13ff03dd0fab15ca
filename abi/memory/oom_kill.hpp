// The OOM killer: when there is no memory, one process dies so that the others can go on. docs/memory.md tells the whole.
// (Linux 6.1 mm/oom_kill.c.)
//
// Who finds no page calls out_of_memory() (mm/upcalls.hpp), which is oom_make_room().
#pragma once

#include <optional>

#include "mm/mm_struct.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

// /proc/sys/vm/panic_on_oom, oom_kill_allocating_task, oom_dump_tasks.
struct OomSettings {
    Relaxed<u32> panic_on_oom = 0; // 0: no; 1, 2: the machine stops instead
    Relaxed<u32> kill_allocating_task = 0;
    Relaxed<u32> dump_tasks = 1;
};
inline constinit OomSettings oom_settings;

// How many processes it has killed, others of the same address space not counted (/proc/vmstat: oom_kill).
inline constinit Relaxed<u32> nr_oom_kill = 0;

// As mm/upcalls.hpp says of out_of_memory(). (Linux: out_of_memory.)
bool oom_make_room();

void init_oom_killer(); // once, at boot, before a process runs

// How much a process is worth killing, in pages: what would come free, and oom_score_adj thousandths of all memory on top.
// That is what it has mapped, its page tables and VMAs, and memfds that only its descriptors keep. Negative values occur.
// Nothing: it is never killed. Caller holds the kernel lock. (Linux: the same name; it counts no VMAs and no memfds.)
std::optional<s32> oom_badness(const ThreadGroup& group);

// The address space of a process: that of the first of its threads that still has one; nullptr: none has. The pointer is
// valid until the caller sleeps. Caller holds the kernel lock. (Linux: find_lock_task_mm.)
MmStruct* process_mm(const ThreadGroup& group);

// Frees the private pages of an address space whose tasks have been killed. They find no page there any more, but get
// SIGBUS: zeros in the place of their data must not get out. (Linux: __oom_reap_task_mm.)
void oom_reap_mm(const MmapReadGuard& mmap_read);

// A process whose address space was `mm` has closed its files, too. `mm` may be gone: only its address is used. Caller holds
// the kernel lock.
void exit_oom_victim(const MmStruct* mm);

} // namespace faultline
