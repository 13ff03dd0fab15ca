// The files of /proc about the machine: memory, version, time, interrupts.
#include <cstring>

#include <arch/boot_info.hpp>
#include <arch/interrupts.hpp>

#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/memory/swapon.hpp"
#include "abi/procfs/proc_tlb.hpp"
#include "abi/procfs/proc_trace.hpp"
#include "abi/procfs/procfs.hpp"
#include "abi/system/utsname.hpp"
#include "arch/contract/clock.hpp"
#include "kernel/debug/misbehave.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/kmalloc.hpp"
#include "mm/lru.hpp"
#include "mm/memory_failure.hpp"
#include "mm/overcommit.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/shmem.hpp"
#include "mm/swapfile.hpp"

namespace faultline {

namespace {

constexpr u32 KIB_PER_PAGE = PAGE_SIZE / 1024;

Result<void> show_meminfo(const Inode&, SeqFile& out) {
    const auto line = [&](const char* name, u32 pages) {
        out.text(name);
        out.text(":");
        out.pad_to(16);
        out.printf("%8u kB\n", static_cast<unsigned>(pages * KIB_PER_PAGE));
    };
    line("MemTotal", nr_total_pages());
    line("MemFree", nr_free_pages());
    // Most cached pages are the files themselves, and cannot be dropped. Those of block devices can, once they are written.
    const u32 buffers = writeback_stat.nr_file_pages, dirty = writeback_stat.nr_file_dirty,
              writeback = writeback_stat.nr_writeback;
    line("MemAvailable", nr_free_pages() + (buffers > dirty + writeback ? buffers - dirty - writeback : 0));
    line("Buffers", buffers);
    line("Cached", nr_shmem);
    line("SwapCached", swap_stat.nr_swapcached);
    line("Active", nr_lru_pages(LRU_ACTIVE_ANON) + nr_lru_pages(LRU_ACTIVE_FILE));
    line("Inactive", nr_lru_pages(LRU_INACTIVE_ANON) + nr_lru_pages(LRU_INACTIVE_FILE));
    line("Active(anon)", nr_lru_pages(LRU_ACTIVE_ANON));
    line("Inactive(anon)", nr_lru_pages(LRU_INACTIVE_ANON));
    line("Active(file)", nr_lru_pages(LRU_ACTIVE_FILE));
    line("Inactive(file)", nr_lru_pages(LRU_INACTIVE_FILE));
    line("SwapTotal", total_swap_pages());
    line("SwapFree", nr_swap_pages());
    line("Dirty", dirty);
    line("Writeback", writeback);
    line("Shmem", nr_shmem);
    line("CommitLimit", vm_commit_limit());
    line("Committed_AS", vm_memory_committed());
    line("HardwareCorrupted", num_poisoned_pages);
    return {};
}

Result<void> show_cmdline(const Inode&, SeqFile& out) {
    out.printf("%s\n", boot_info().command_line);
    return {};
}

Result<void> show_uptime(const Inode&, SeqFile& out) {
    const u64 hundredths = clock_ns() / (NSEC_PER_SEC / 100);
    const u64 idle = idle_time_ns() / (NSEC_PER_SEC / 100);
    out.printf("%llu.%02u %llu.%02u\n", static_cast<unsigned long long>(hundredths / 100),
               static_cast<unsigned>(hundredths % 100), static_cast<unsigned long long>(idle / 100),
               static_cast<unsigned>(idle % 100));
    return {};
}

Result<void> show_version(const Inode&, SeqFile& out) {
    out.printf("%s version %s %s\n", SYSTEM_NAME.sysname, SYSTEM_NAME.release, SYSTEM_NAME.version);
    return {};
}

// The types that sys_mount() accepts.
Result<void> show_filesystems(const Inode&, SeqFile& out) {
    out.text("nodev\tsysfs\nnodev\tproc\nnodev\ttmpfs\nnodev\tramfs\nnodev\tdevtmpfs\n");
    return {};
}

// Breaks the kernel on purpose, to show what that looks like.
Result<void> write_sysrq_trigger(const Inode&, std::string_view text) {
    if (text.empty() || !misbehave(text[0]))
        return Err(Errno::INVAL);
    return {};
}

// A line for each interrupt that has a handler: how often each CPU took it (Linux kernel/irq/proc.c show_interrupts).
Result<void> show_interrupts(const Inode&, SeqFile& out) {
    out.text("    ");
    for (const u32 cpu : cpus_online())
        out.printf("       CPU%-3u", static_cast<unsigned>(cpu));
    out.text("\n");
    for (u32 intid = 0; intid < MAX_INTID; ++intid) {
        const char* name = interrupt_name(intid);
        if (name == nullptr)
            continue;
        out.printf("%3u:", static_cast<unsigned>(intid));
        for (const u32 cpu : cpus_online())
            out.printf(" %10u", static_cast<unsigned>(interrupt_count(intid, cpu)));
        out.printf("     GIC  %s\n", name);
    }
    return {};
}

constexpr ProcEntry root_entries[] = {
    {.name = "interrupts", .show = show_interrupts},
    {.name = "cmdline", .show = show_cmdline},
    {.name = "cpuinfo", .show = show_cpuinfo},
    {.name = "filesystems", .show = show_filesystems},
    {.name = "loadavg", .show = show_loadavg},
    {.name = "slabinfo", .show = show_slabinfo, .mode = S_IFREG | 0400},
    {.name = "stat", .show = show_stat},
    {.name = "meminfo", .show = show_meminfo},
    {.name = "diskstats", .show = show_diskstats},
    {.name = "partitions", .show = show_partitions},
    {.name = "swaps", .show = show_swaps},
    {.name = "vmstat", .show = show_vmstat},
    {.name = "uptime", .show = show_uptime},
    {.name = "version", .show = show_version},
    {.name = "sysrq-trigger", .write = write_sysrq_trigger, .mode = S_IFREG | 0200},
};
constexpr ProcEntry cpu_entries[] = {
    {.name = "alignment", .show = show_alignment, .write = write_alignment, .mode = S_IFREG | 0644},
};
constexpr ProcEntry faultline_entries[] = {
    {.name = "tlb", .show = show_tlb},
    {.name = "trace", .show = show_trace, .write = write_trace, .mode = S_IFREG | 0600},
};

constexpr ProcEntry cpu_directory{.name = "cpu", .mode = S_IFDIR | 0555};
constexpr ProcEntry faultline_directory{.name = "faultline", .mode = S_IFDIR | 0555};
constexpr ProcEntry sys_directory{.name = "sys", .mode = S_IFDIR | 0555};

// /proc/mounts is a link, because each process may have its own mounts (proc(5)).
void add_mounts_link(Inode& root) {
    constexpr std::string_view target = "self/mounts";
    InodeRef link(new_inode(S_IFLNK | 0777).value());
    link->link_target = static_cast<char*>(kmalloc(target.size() + 1));
    BUG_ON(link->link_target == nullptr);
    std::memcpy(link->link_target, target.data(), target.size() + 1);
    link->mapping.size = target.size();
    BUG_ON(!add_name(root, "mounts", *link).ok());
}

} // namespace

void make_system_entries(Inode& root) {
    for (const ProcEntry& entry : root_entries)
        add_proc_entry(root, entry);
    add_mounts_link(root);
    add_proc_directory(root, cpu_directory, cpu_entries);
    add_proc_directory(root, faultline_directory, faultline_entries);
    Inode& sys = add_proc_entry(root, sys_directory);
    make_fs_entries(sys);
    make_kernel_entries(root, sys);
    make_vm_entries(sys);
    close_proc_directory(sys);
}

} // namespace faultline
