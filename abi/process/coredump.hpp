// Core dumps (core(5)): the memory and registers of a process that a signal killed, in a file. do_coredump() is in
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
inline constexpr u32 DUMP_FILTER_DEFAULT = 0x33,
                     DUMP_FILTER_MASK = 0x1ff; // with the bits for huge pages and DAX

// A dump under way: the threads that have to be still before it can be written (Linux: struct core_state).
struct CoreState {
    u32 awaited = 0;    // threads that have not come to do_exit() yet
    Completion arrived; // all have
    WaitQueue others;   // where they wait for the end of the dump
};

// At the beginning of a thread's end: its registers may be wanted. (Linux coredump_task_exit.)
void coredump_task_exit(Task& task);

// Where cores go: the pattern of core(5), at most CORE_PATTERN_MAX bytes, and whether ".PID" is added to one without %p.
// /proc/sys/kernel/core_pattern, core_uses_pid.
inline constexpr u32 CORE_PATTERN_MAX = 127;
const char* core_pattern();
void set_core_pattern(std::string_view pattern);
bool core_uses_pid();
void set_core_uses_pid(bool on);

// Writes current's process as an ELF core into `file`, at most `limit` bytes of it. (Linux elf_core_dump.) NOMEM, and what
// writing to the file answers; a core that is cut at its limit is none of them.
struct File;
Result<void> elf_core_dump(File& file, const SigInfo& info, u64 limit);

} // namespace faultline
