// The files of /proc/sys/kernel.
#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/random.hpp"
#include "abi/process/coredump.hpp"
#include "abi/procfs/setting.hpp"
#include "abi/system/syslog.hpp"
#include "abi/system/utsname.hpp"
#include "abi/task/hung_task.hpp"
#include "kernel/debug/watchdog.hpp"
#include "kernel/futex/fault_in.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/limits.hpp"

namespace faultline {

namespace {

template <auto& Text>
Result<void> show_line(const Inode&, SeqFile& out) {
    out.printf("%s\n", Text);
    return {};
}

Result<void> show_text(const char* text, SeqFile& out) {
    out.printf("%s\n", text);
    return {};
}

Result<void> write_pid_max(const Inode&, std::string_view text) { return set_pid_max(parse_pid(text)); }

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
    if (value > INT_MOST)
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

constexpr ProcEntry kernel_directory{.name = "kernel", .mode = S_IFDIR | 0555};
constexpr ProcEntry random_directory{.name = "random", .mode = S_IFDIR | 0555};

} // namespace

void make_kernel_entries(Inode& root, Inode& sys) {
    Inode& kernel = add_proc_entry(sys, kernel_directory);
    for (const ProcEntry& entry : kernel_entries)
        add_proc_entry(kernel, entry);
    add_proc_directory(kernel, random_directory, random_entries);
    make_ipc_entries(root, kernel);
    close_proc_directory(kernel);
}

} // namespace faultline
