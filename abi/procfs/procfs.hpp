// /proc (proc(5)): a tree of files whose contents are made when they are read. The parts that do not belong to a task
// are made at boot. The directories of tasks are made on lookup, and freed with their last reference.
#pragma once

#include <span>

#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

struct Task;

// A file, directory or link in procfs. `mode` and the pointers say what it is.
struct ProcEntry {
    const char* name;
    // Writes the contents. SRCH: the task is gone; NOMEM. May sleep.
    Result<void> (*show)(const Inode& inode, SeqFile& out) = nullptr;
    // Or in parts, so that a reader pays only for what it reads: writes the part at `cursor` (0: the first) and moves
    // the cursor to the next one. False: there is no part at `cursor`. Errors as show().
    Result<bool> (*show_part)(const Inode& inode, SeqFile& out, u32& cursor) = nullptr;
    // The same about an address space that the open file holds: what the file shows stays that of the program which ran
    // when it was opened, if current might access it then (mm_access). `mm` nullptr: there is none any more.
    Result<bool> (*show_mm)(const Inode& inode, MmStruct* mm, SeqFile& out, u32& cursor) = nullptr;
    // Handles a write, whose text comes without trailing blanks and newlines. INVAL, SRCH.
    Result<void> (*write)(const Inode& inode, std::string_view text) = nullptr;
    // The operations of a file that is not text.
    const FileOps* file_ops = nullptr;
    // The operations of a directory or a symbolic link.
    const InodeOps* inode_ops = nullptr;
    u32 mode = S_IFREG | 0444;
};

// Makes the tree and mounts it on /proc. Called once, at boot.
void init_procfs();

// Makes an inode for an entry, with a reference. `name`: its name in `directory`, if that is not nullptr. `pid` and
// `fd`: the task and the descriptor that it is about; none, and -1: none. NOMEM.
Result<Inode*> new_proc_inode(Inode* directory, std::string_view name, const ProcEntry& entry, PidRef pid = {},
                              s32 fd = -1);

// For boot; without memory they panic. The first adds an entry to a directory, the second a directory with its files.
// The third ends additions to a directory: afterwards nothing can be made or removed in it.
Inode& add_proc_entry(Inode& directory, const ProcEntry& entry);
void add_proc_directory(Inode& parent, const ProcEntry& directory, std::span<const ProcEntry> entries);
void close_proc_directory(Inode& directory);

// The entry of this name in a table; nullptr: there is none.
const ProcEntry* find_proc_entry(std::span<const ProcEntry> entries, std::string_view name);

// Passes the entries of a table with a cookie greater than `after` to `sink`. The first has the cookie `first_cookie`.
// False: the sink stopped.
bool iterate_proc_entries(std::span<const ProcEntry> entries, u32 after, u32 first_cookie, DirectorySink& sink);

// Parses all of `text` as a decimal number of at most nine digits, without a sign. -1: it is not one.
s32 parse_pid(std::string_view text);
Result<u64> parse_unsigned(std::string_view text); // of at most 19 digits. INVAL

// The task that an inode of procfs is about. SRCH: it is gone, though its number may be in use again. The pointer is
// valid until the caller sleeps. Caller holds the kernel lock.
Result<Task*> proc_task(const Inode& inode);

// The address space of the task that the inode is about. SRCH: the task is gone or has none (a kernel task, a zombie).
Result<MmRef> proc_mm(const Inode& inode);

// The address space of the task that the inode is about, for a file that is being opened, with a reference (mmgrab).
// nullptr: it has none. SRCH; ACCES: current may not access it. (Linux fs/proc/base.c proc_mem_open.)
Result<MmStruct*> proc_mem_open(const Inode& inode);

// The operations and functions of the entries, by file. A show function writes the text, with the errors of
// ProcEntry::show.
extern const InodeOps proc_root_ops;                // proc_pid.cpp: /proc's directories of tasks, and self
extern const InodeOps proc_fd_ops, proc_fdinfo_ops; // proc_fd.cpp: /proc/PID/fd, fdinfo, exe, cwd and root
extern const InodeOps proc_exe_ops, proc_cwd_ops, proc_root_link_ops;
Result<void> show_pid_status(const Inode& inode, SeqFile& out); // proc_status.cpp
Result<void> show_pid_stat(const Inode& inode, SeqFile& out);
Result<void> show_pid_statm(const Inode& inode, SeqFile& out);
Result<void> show_pid_cmdline(const Inode& inode, SeqFile& out);
Result<bool> show_pid_environ(const Inode& inode, MmStruct* mm, SeqFile& out, u32& cursor);
Result<void> show_pid_comm(const Inode& inode, SeqFile& out);
Result<void> show_pid_io(const Inode& inode, SeqFile& out);
Result<void> show_pid_personality(const Inode& inode, SeqFile& out);
Result<void> show_pid_wchan(const Inode& inode, SeqFile& out);
Result<bool> show_pid_maps(const Inode& inode, MmStruct* mm, SeqFile& out, u32& cursor); // proc_maps.cpp
Result<bool> show_pid_smaps(const Inode& inode, MmStruct* mm, SeqFile& out, u32& cursor);
Result<bool> show_pid_pt(const Inode& inode, MmStruct* mm, SeqFile& out, u32& cursor); // proc_pt.cpp

// Files that are not text and show an address space: they hold it from open to release, like entries with show_mm. The
// first two are FileOps::open and release. (proc_mem.cpp)
Result<void> proc_file_open(File& file, u32 flags);
void proc_file_release(File& file);
MmRef proc_file_mm(const File& file);        // nothing: there is none any more
bool proc_file_privileged(const File& file); // who opened it had CAP_SYS_ADMIN
extern const FileOps mem_ops, auxv_ops;
#ifdef FAULTLINE_DEBUG
extern const FileOps fail_nth_ops; // proc_fail_nth.cpp
#endif

Result<void> write_clear_refs(const Inode& inode, std::string_view text); // proc_pages.cpp
extern const FileOps pagemap_ops, pte_ops;
Result<void> show_coredump_filter(const Inode& inode, SeqFile& out); // proc_settings.cpp
Result<void> write_coredump_filter(const Inode& inode, std::string_view text);
Result<void> write_pid_comm(const Inode& inode, std::string_view text);
Result<void> show_pid_limits(const Inode& inode, SeqFile& out);
Result<void> show_oom_score(const Inode& inode, SeqFile& out);
Result<void> show_oom_adj(const Inode& inode, SeqFile& out);
Result<void> write_oom_adj(const Inode& inode, std::string_view text);
Result<void> show_oom_score_adj(const Inode& inode, SeqFile& out);
Result<void> write_oom_score_adj(const Inode& inode, std::string_view text);
Result<void> show_cpuinfo(const Inode& inode, SeqFile& out);   // proc_cpuinfo.cpp
Result<void> show_alignment(const Inode& inode, SeqFile& out); // proc_alignment.cpp
Result<void> write_alignment(const Inode& inode, std::string_view text);
Result<void> show_slabinfo(const Inode& inode, SeqFile& out); // proc_slabinfo.cpp
Result<void> show_stat(const Inode& inode, SeqFile& out);     // proc_stat.cpp
Result<void> show_loadavg(const Inode& inode, SeqFile& out);
u64 idle_time_ns();                                            // of all CPUs together, since boot
Result<void> show_diskstats(const Inode& inode, SeqFile& out); // proc_block.cpp
Result<void> show_partitions(const Inode& inode, SeqFile& out);
Result<void> show_vmstat(const Inode& inode, SeqFile& out);
void make_system_entries(Inode& root);                 // proc_system.cpp
void make_fs_entries(Inode& sys);                      // proc_sys_fs.cpp
void make_kernel_entries(Inode& root, Inode& sys);     // proc_sys_kernel.cpp
void make_vm_entries(Inode& sys);                      // proc_sys_vm.cpp
void make_ipc_entries(Inode& root, Inode& sys_kernel); // proc_ipc.cpp: /proc/sysvipc, and limits for /proc/sys/kernel

} // namespace faultline
