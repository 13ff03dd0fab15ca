// /proc (proc(5)): a tree whose files are made when they are read. The parts that do not depend on a process
// are names like any other; the directories of tasks are made by lookup and die with their last reference.
#pragma once

#include <span>

#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"

namespace faultline {

struct Task;

// A file, or a link, in a directory of procfs.
struct ProcEntry {
    const char* name;
    // The contents. SRCH: the task is gone; NOMEM. May sleep.
    Result<void> (*show)(const Inode& inode, SeqFile& out) = nullptr;
    // Or in parts, so that a reader pays for what it reads: writes the part at `cursor`, 0 for the first, and
    // moves the cursor to the next. False: there is none at `cursor`.
    Result<bool> (*show_part)(const Inode& inode, SeqFile& out, u32& cursor) = nullptr;
    // What writing does, with the text written as one string. INVAL, SRCH.
    Result<void> (*write)(const Inode& inode, std::string_view text) = nullptr;
    // Files that are no text bring their own operations.
    const FileOps* file_ops = nullptr;
    // A directory or a symbolic link instead.
    const InodeOps* inode_ops = nullptr;
    u32 mode = S_IFREG | 0444;
};

// Makes the tree and mounts it on /proc. At boot, once.
void init_procfs();

// The inode for an entry, of the task `pid` and descriptor `fd` where that matters, named as in `directory`;
// with a reference. NOMEM.
Result<Inode*> new_proc_inode(Inode* directory, std::string_view name, const ProcEntry& entry, s32 pid, s32 fd = -1);

// Adds an entry to a directory that lasts; a directory with its files; and lets nothing more be made or removed
// in one. At boot: panics without memory.
Inode& add_proc_entry(Inode& directory, const ProcEntry& entry);
void add_proc_directory(Inode& parent, const ProcEntry& directory, std::span<const ProcEntry> entries);
void close_proc_directory(Inode& directory);

// Looks an entry up in a table, and lists one. Cookies start with `first_cookie`.
const ProcEntry* find_proc_entry(std::span<const ProcEntry> entries, std::string_view name);
bool iterate_proc_entries(std::span<const ProcEntry> entries, u32 after, u32 first_cookie, DirectorySink& sink);

// A decimal number without sign, and nothing else; -1 if it is none.
s32 parse_pid(std::string_view text);

// The task an inode of procfs is about. SRCH. Valid until the caller sleeps.
Result<Task*> proc_task(const Inode& inode);

// Its address space with a user more, dropped at the end of the scope; none (a kernel task, a zombie) is
// SRCH.
struct MmStruct;
class MmRef {
  public:
    MmRef() = default;
    explicit MmRef(MmStruct& mm);
    MmRef(MmRef&& other) noexcept : mm_(std::exchange(other.mm_, nullptr)) {}
    ~MmRef();
    MmStruct& operator*() const { return *mm_; }
    MmStruct* operator->() const { return mm_; }

  private:
    MmStruct* mm_ = nullptr;
};
Result<MmRef> proc_mm(const Inode& inode);

// The tables of the parts.
extern const InodeOps proc_root_ops; // proc_pid.cpp: /proc's directories of tasks, and self
extern const InodeOps proc_fd_ops;   // proc_fd.cpp: /proc/PID/fd, exe, cwd and root
extern const InodeOps proc_exe_ops, proc_cwd_ops, proc_root_link_ops;
Result<void> show_pid_status(const Inode& inode, SeqFile& out); // proc_status.cpp
Result<void> show_pid_stat(const Inode& inode, SeqFile& out);
Result<void> show_pid_statm(const Inode& inode, SeqFile& out);
Result<void> show_pid_cmdline(const Inode& inode, SeqFile& out);
Result<void> show_pid_environ(const Inode& inode, SeqFile& out);
Result<void> show_pid_comm(const Inode& inode, SeqFile& out);
Result<bool> show_pid_maps(const Inode& inode, SeqFile& out, u32& cursor); // proc_maps.cpp
Result<bool> show_pid_smaps(const Inode& inode, SeqFile& out, u32& cursor);
Result<void> write_clear_refs(const Inode& inode, std::string_view text); // proc_pages.cpp
extern const FileOps pagemap_ops, pte_ops;
Result<void> show_coredump_filter(const Inode& inode, SeqFile& out); // proc_settings.cpp
Result<void> write_coredump_filter(const Inode& inode, std::string_view text);
Result<void> show_pid_limits(const Inode& inode, SeqFile& out);
Result<void> show_oom_score_adj(const Inode& inode, SeqFile& out);
Result<void> write_oom_score_adj(const Inode& inode, std::string_view text);
Result<void> show_cpuinfo(const Inode& inode, SeqFile& out);  // proc_cpuinfo.cpp
Result<void> show_slabinfo(const Inode& inode, SeqFile& out); // proc_slabinfo.cpp
Result<void> show_stat(const Inode& inode, SeqFile& out);     // proc_stat.cpp
Result<void> show_loadavg(const Inode& inode, SeqFile& out);
u64 idle_time_ns();                    // of all CPUs together, since boot
void make_system_entries(Inode& root); // proc_system.cpp

} // namespace faultline
