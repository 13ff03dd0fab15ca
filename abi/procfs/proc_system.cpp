// The files of /proc about the machine: memory, version, time, and the tree under sys.
#include <cstring>

#include <linux/capability.h>

#include <arch/boot_info.hpp>
#include <arch/interrupts.hpp>

#include "abi/block/block_device.hpp"
#include "abi/cred/cred.hpp"
#include "abi/fs/eventpoll.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/pipe.hpp"
#include "abi/fs/random.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/memory/oom_kill.hpp"
#include "abi/memory/swapon.hpp"
#include "abi/process/coredump.hpp"
#include "abi/procfs/proc_tlb.hpp"
#include "abi/procfs/proc_trace.hpp"
#include "abi/procfs/procfs.hpp"
#include "abi/system/syslog.hpp"
#include "abi/system/utsname.hpp"
#include "abi/task/hung_task.hpp"
#include "abi/task/pid.hpp"
#include "arch/contract/clock.hpp"
#include "kernel/debug/misbehave.hpp"
#include "kernel/debug/watchdog.hpp"
#include "kernel/futex/fault_in.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/kmalloc.hpp"
#include "mm/limits.hpp"
#include "mm/lru.hpp"
#include "mm/memory_failure.hpp"
#include "mm/overcommit.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/shmem.hpp"
#include "mm/slab.hpp"
#include "mm/swapfile.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/vmscan.hpp"

namespace faultline {

namespace {

constexpr u32 KIB_PER_PAGE = PAGE_SIZE / 1024;
constexpr u32 INT_MOST = ~u32{0} >> 1; // a setting that is an int on Linux, and not negative

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

template <auto& Text>
Result<void> show_line(const Inode&, SeqFile& out) {
    out.printf("%s\n", Text);
    return {};
}

Result<void> show_text(const char* text, SeqFile& out) {
    out.printf("%s\n", text);
    return {};
}

template <auto Number>
Result<void> show_number(const Inode&, SeqFile& out) {
    out.printf("%llu\n", static_cast<unsigned long long>(Number()));
    return {};
}

// Open files, free ones, and the most there may be.
Result<void> show_file_nr(const Inode&, SeqFile& out) {
    out.printf("%u\t0\t%u\n", static_cast<unsigned>(nr_open_files()), static_cast<unsigned>(max_files));
    return {};
}

// Bit 0: cached pages, of which only those of block devices are not the file's only copy. Bit 1: the reserves of the slab
// allocator.
Result<void> write_drop_caches(const Inode&, std::string_view text) {
    const s32 what = parse_pid(text);
    if (what < 1 || what > 4)
        return Err(Errno::INVAL);
    // 4 turns off Linux's log message, which does not exist here.
    if ((what & 1) != 0)
        drop_block_caches();
    if (what != 4)
        shrink_caches();
    return {};
}

Result<void> write_pid_max(const Inode&, std::string_view text) { return set_pid_max(parse_pid(text)); }

// Breaks the kernel on purpose, to show what that looks like.
Result<void> write_sysrq_trigger(const Inode&, std::string_view text) {
    if (text.empty() || !misbehave(text[0]))
        return Err(Errno::INVAL);
    return {};
}

Result<void> show_core_pattern(const Inode&, SeqFile& out) {
    out.printf("%s\n", core_pattern());
    return {};
}

Result<void> write_core_pattern(const Inode&, std::string_view text) {
    set_core_pattern(text);
    return {};
}

// A number that fits into an int, with an optional "-". INVAL.
Result<s32> parse_int(std::string_view text) {
    const bool negative = !text.empty() && text[0] == '-';
    text.remove_prefix(negative ? 1 : 0);
    const u64 value = TRY(parse_unsigned(text));
    if (value > ~u32{0} >> 1)
        return Err(Errno::INVAL);
    return negative ? -static_cast<s32>(value) : static_cast<s32>(value);
}

template <s32 RtBandwidth::* Field>
Result<void> show_rt_bandwidth(const Inode&, SeqFile& out) {
    out.printf("%d\n", static_cast<int>(rt_bandwidth().*Field));
    return {};
}
template <s32 RtBandwidth::* Field>
Result<void> write_rt_bandwidth(const Inode&, std::string_view text) {
    RtBandwidth next = rt_bandwidth();
    next.*Field = TRY(parse_int(text));
    return set_rt_bandwidth(next);
}
template <s32 RtBandwidth::* Field>
constexpr ProcEntry rt_bandwidth_entry(const char* name) {
    return {.name = name, .show = show_rt_bandwidth<Field>, .write = write_rt_bandwidth<Field>, .mode = S_IFREG | 0644};
}

#ifdef FAULTLINE_DEBUG
Result<void> write_hung_task_timeout(const Inode&, std::string_view text) {
    const u64 seconds = TRY(parse_unsigned(text));
    if (seconds > MAX_HUNG_TASK_TIMEOUT_SECS)
        return Err(Errno::INVAL);
    set_hung_task_timeout(static_cast<u32>(seconds));
    return {};
}

Result<void> write_watchdog_thresh(const Inode&, std::string_view text) {
    const u64 seconds = TRY(parse_unsigned(text));
    if (seconds > MAX_WATCHDOG_THRESH)
        return Err(Errno::INVAL);
    watchdog_config.watchdog_thresh = static_cast<u32>(seconds);
    return {};
}
#endif

// A setting that is 0 or 1.
template <void (*Set)(bool)>
Result<void> write_flag(const Inode&, std::string_view text) {
    const s32 value = parse_pid(text);
    if (value < 0 || value > 1)
        return Err(Errno::INVAL);
    Set(value == 1);
    return {};
}

// A random UUID (RFC 4122, version 4), as text.
void show_uuid(const u8 (&id)[16], SeqFile& out) {
    for (u32 i = 0; i < sizeof id; ++i)
        out.printf(i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", static_cast<unsigned>(id[i]));
    out.text("\n");
}
void make_uuid(u8 (&id)[16]) {
    get_random_bytes(id, sizeof id);
    id[6] = static_cast<u8>((id[6] & 0x0f) | 0x40);
    id[8] = static_cast<u8>((id[8] & 0x3f) | 0x80);
}

// Another one for each reader.
Result<void> show_new_uuid(const Inode&, SeqFile& out) {
    u8 id[16];
    make_uuid(id);
    show_uuid(id, out);
    return {};
}

// The same as long as the machine runs. Made when it is first read; the kernel lock guards it.
Result<void> show_boot_id(const Inode&, SeqFile& out) {
    static constinit u8 boot_id[16] = {};
    if (boot_id[8] == 0)
        make_uuid(boot_id);
    show_uuid(boot_id, out);
    return {};
}

// Since Linux 5.18 these two take what is written and stay as they are.
template <u32 VALUE>
constexpr ProcEntry fixed_number(const char* name) {
    return {.name = name,
            .show = show_number<[] { return VALUE; }>,
            .write = [](const Inode&, std::string_view) -> Result<void> { return {}; },
            .mode = S_IFREG | 0644};
}

// The pool is full from the start: see abi/fs/random.cpp for what that is worth. In bits.
constexpr ProcEntry random_entries[] = {
    {.name = "boot_id", .show = show_boot_id},
    {.name = "entropy_avail", .show = show_number<[] { return RANDOM_POOL_BITS; }>},
    {.name = "poolsize", .show = show_number<[] { return RANDOM_POOL_BITS; }>},
    fixed_number<RANDOM_RESEED_SECONDS>("urandom_min_reseed_secs"),
    fixed_number<RANDOM_POOL_BITS>("write_wakeup_threshold"),
    {.name = "uuid", .show = show_new_uuid},
};

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

// A setting that is a number from `Least` to `Most`.
template <Relaxed<u32>& Setting, u32 Most = INT_MOST, u32 Least = 0>
Result<void> write_setting(const Inode&, std::string_view text) {
    const u64 value = TRY(parse_unsigned(text));
    if (value < Least || value > Most)
        return Err(Errno::INVAL);
    Setting = static_cast<u32>(value);
    return {};
}
template <Relaxed<u32>& Setting, u32 Most = INT_MOST, u32 Least = 0>
constexpr ProcEntry setting(const char* name) {
    return {.name = name,
            .show = show_number<[] { return u32{Setting}; }>,
            .write = write_setting<Setting, Most, Least>,
            .mode = S_IFREG | 0644};
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
constexpr ProcEntry kernel_entries[] = {
    {.name = "core_pattern", .show = show_core_pattern, .write = write_core_pattern, .mode = S_IFREG | 0644},
    {.name = "core_uses_pid",
     .show = show_number<core_uses_pid>,
     .write = write_flag<set_core_uses_pid>,
     .mode = S_IFREG | 0644},
    {.name = "futex_faultin_count", .show = show_number<futex_faultin_count>},
    {.name = "cap_last_cap", .show = show_number<[] { return CAP_LAST_CAP; }>},
    {.name = "dmesg_restrict",
     .show = show_number<dmesg_restrict>,
     .write = write_flag<set_dmesg_restrict>,
     .mode = S_IFREG | 0644},
    {.name = "domainname", .show = [](const Inode&, SeqFile& out) { return show_text(system_name().domainname, out); }},
#ifdef FAULTLINE_DEBUG
    {.name = "hung_task_timeout_secs",
     .show = show_number<[] { return u32{watchdog_config.hung_task_timeout_secs}; }>,
     .write = write_hung_task_timeout,
     .mode = S_IFREG | 0644},
    {.name = "watchdog_thresh",
     .show = show_number<[] { return u32{watchdog_config.watchdog_thresh}; }>,
     .write = write_watchdog_thresh,
     .mode = S_IFREG | 0644},
#endif
    {.name = "hostname", .show = [](const Inode&, SeqFile& out) { return show_text(system_name().nodename, out); }},
    {.name = "ngroups_max", .show = show_number<[] { return GROUPS_MAX; }>},
    {.name = "osrelease", .show = show_line<SYSTEM_NAME.release>},
    {.name = "ostype", .show = show_line<SYSTEM_NAME.sysname>},
    {.name = "pid_max", .show = show_number<pid_max>, .write = write_pid_max, .mode = S_IFREG | 0644},
    rt_bandwidth_entry<&RtBandwidth::period_us>("sched_rt_period_us"),
    rt_bandwidth_entry<&RtBandwidth::runtime_us>("sched_rt_runtime_us"),
    {.name = "randomize_va_space", .show = show_number<[] { return 0; }>}, // no address is randomised
    setting<max_threads, MAX_THREADS, 1>("threads-max"),
    {.name = "tainted", .show = show_number<[] { return 0; }>}, // there are no modules that could taint the kernel
    {.name = "version", .show = show_line<SYSTEM_NAME.version>},
};
template <PipeLimit Limit>
Result<void> write_pipe_limit(const Inode&, std::string_view text) {
    return set_pipe_limit(Limit, TRY(parse_unsigned(text)));
}
template <PipeLimit Limit>
constexpr ProcEntry pipe_entry(const char* name) {
    return {.name = name,
            .show = show_number<[] { return pipe_limit(Limit); }>,
            .write = write_pipe_limit<Limit>,
            .mode = S_IFREG | 0644};
}
constexpr ProcEntry fs_entries[] = {
    setting<max_files>("file-max"),
    {.name = "file-nr", .show = show_file_nr},
    setting<mount_max, INT_MOST, 1>("mount-max"),
    {.name = "nr_open", .show = show_number<[] { return OPEN_MAX; }>},
    pipe_entry<PIPE_MAX_SIZE>("pipe-max-size"),
    pipe_entry<PIPE_USER_PAGES_HARD>("pipe-user-pages-hard"),
    pipe_entry<PIPE_USER_PAGES_SOFT>("pipe-user-pages-soft"),
};
constexpr ProcEntry epoll_entries[] = {
    {.name = "max_user_watches",
     .show = show_number<epoll_max_user_watches>,
     .write = [](const Inode&, std::string_view text) -> Result<void> {
         return set_epoll_max_user_watches(TRY(parse_unsigned(text)));
     },
     .mode = S_IFREG | 0644},
};
// Up to half of memory: with more, nothing else could be done.
Result<void> write_min_free_kbytes(const Inode&, std::string_view text) {
    const u64 kbytes = TRY(parse_unsigned(text));
    if (kbytes > nr_total_pages() * KIB_PER_PAGE / 2)
        return Err(Errno::INVAL);
    set_min_free_kbytes(static_cast<u32>(kbytes));
    return {};
}
// Of the ratio and the absolute limit of promised memory, the one that was written last holds: the other becomes 0.
template <Relaxed<u32>& Setting, Relaxed<u32>& Instead>
Result<void> write_instead(const Inode& inode, std::string_view text) {
    TRY_VOID(write_setting<Setting>(inode, text));
    Instead = 0;
    return {};
}
template <Relaxed<u32>& Setting, Relaxed<u32>& Instead>
constexpr ProcEntry setting_instead(const char* name) {
    ProcEntry entry = setting<Setting>(name);
    entry.write = write_instead<Setting, Instead>;
    return entry;
}

constexpr ProcEntry vm_entries[] = {
    setting<max_map_count>("max_map_count"),
    {.name = "mmap_min_addr", .show = show_number<[] { return FIRST_USER_ADDRESS.value(); }>},
    {.name = "min_free_kbytes",
     .show = show_number<min_free_kbytes>,
     .write = write_min_free_kbytes,
     .mode = S_IFREG | 0644},
    {.name = "drop_caches", .write = write_drop_caches, .mode = S_IFREG | 0200},
    setting<overcommit.admin_reserve_kbytes>("admin_reserve_kbytes"),
    setting<oom_settings.dump_tasks>("oom_dump_tasks"),
    setting<oom_settings.kill_allocating_task>("oom_kill_allocating_task"),
    setting_instead<overcommit.kbytes, overcommit.ratio>("overcommit_kbytes"),
    setting<overcommit.memory, OVERCOMMIT_NEVER>("overcommit_memory"),
    setting_instead<overcommit.ratio, overcommit.kbytes>("overcommit_ratio"),
    setting<vm_swappiness, 200>("swappiness"),
    setting<oom_settings.panic_on_oom, 2>("panic_on_oom"),
    setting<overcommit.user_reserve_kbytes>("user_reserve_kbytes"),
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
constexpr ProcEntry epoll_directory{.name = "epoll", .mode = S_IFDIR | 0555};
constexpr ProcEntry fs_directory{.name = "fs", .mode = S_IFDIR | 0555};
constexpr ProcEntry kernel_directory{.name = "kernel", .mode = S_IFDIR | 0555};
constexpr ProcEntry random_directory{.name = "random", .mode = S_IFDIR | 0555};
constexpr ProcEntry vm_directory{.name = "vm", .mode = S_IFDIR | 0555};

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
    Inode& fs = add_proc_entry(sys, fs_directory);
    for (const ProcEntry& entry : fs_entries)
        add_proc_entry(fs, entry);
    add_proc_directory(fs, epoll_directory, epoll_entries);
    close_proc_directory(fs);
    Inode& kernel = add_proc_entry(sys, kernel_directory);
    for (const ProcEntry& entry : kernel_entries)
        add_proc_entry(kernel, entry);
    add_proc_directory(kernel, random_directory, random_entries);
    make_ipc_entries(root, kernel);
    close_proc_directory(kernel);
    Inode& vm = add_proc_entry(sys, vm_directory);
    for (const ProcEntry& entry : vm_entries)
        add_proc_entry(vm, entry);
    make_dirty_entries(vm);
    close_proc_directory(vm);
    close_proc_directory(sys);
}

} // namespace faultline
