// Core dumps (core(5)): files with the memory and registers of a process that a signal killed. do_coredump() is in
// abi/signal/upcalls.hpp.
#pragma once

#include <string_view>

#include "abi/signal/signal.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

// Which kinds of memory are dumped (core(5), /proc/PID/coredump_filter).
enum DumpFilter : u32 {
    DUMP_ANON_PRIVATE = 1,
    DUMP_ANON_SHARED = 2,
    DUMP_MAPPED_PRIVATE = 4,
    DUMP_MAPPED_SHARED = 8,
    DUMP_ELF_HEADERS = 16,
};
// Bits 5 – 8 are for huge pages and DAX; they have no effect here.
inline constexpr u32 DUMP_FILTER_DEFAULT = 0x33, DUMP_FILTER_MASK = 0x1ff;

// Another thread of a process that dumps, until the dump ends. (Linux: struct core_thread.)
struct CoreThread {
    ListHook link;
    Completion released;
};

// A dump in progress, on the stack of the thread that dumps: it is gone when the others go on. The kernel lock guards
// all but the completions. (Linux: struct core_state.)
struct CoreState {
    u32 awaited = 0;    // threads that have not reached do_exit() yet
    Completion arrived; // of the last of them
    List<CoreThread, &CoreThread::link> others;
};

// If a dump is in progress, keeps `task`, which is current and exiting, in memory until the dump ends: its registers go
// into the core. May sleep; caller holds the kernel lock. (Linux: the same name.)
void coredump_task_exit(Task& task);

// The file name pattern of core(5), cut to CORE_PATTERN_MAX bytes, and whether ".PID" is added to a pattern without %p.
// They are /proc/sys/kernel/core_pattern and core_uses_pid. Caller holds the kernel lock.
inline constexpr u32 CORE_PATTERN_MAX = 127;
const char* core_pattern();
void set_core_pattern(std::string_view pattern);
bool core_uses_pid();
void set_core_uses_pid(bool on);

// Writes current's process to `file` as an ELF core of at most `limit` bytes. A core that is cut at the limit is not an
// error. NOMEM; INTR: a fatal signal; errors of writing to the file. May sleep; caller holds the kernel lock. (Linux:
// the same name.)
struct File;
Result<void> elf_core_dump(File& file, const SigInfo& info, u64 limit);

} // namespace faultline
