// The tree of /sys: one directory for each processor, and lists of them (Linux drivers/base/cpu.c).
#include "abi/procfs/sysfs.hpp"

#include <iterator>
#include <string_view>

#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/procfs/cpu_list.hpp"
#include "abi/procfs/procfs.hpp"
#include "arch/contract/machine.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/memory_failure.hpp"

namespace faultline {

namespace {

Result<void> show_all_cpus(const Inode&, SeqFile& out) {
    show_cpu_list(out, cpus_online());
    out.text("\n");
    return {};
}

Result<void> show_no_cpus(const Inode&, SeqFile& out) {
    out.text("\n");
    return {};
}

Result<void> show_last_cpu(const Inode&, SeqFile& out) {
    out.printf("%u\n", static_cast<unsigned>(machine::MAX_CPUS - 1));
    return {};
}

constexpr ProcEntry lists[] = {
    {.name = "kernel_max", .show = show_last_cpu}, {.name = "offline", .show = show_no_cpus},
    {.name = "online", .show = show_all_cpus},     {.name = "possible", .show = show_all_cpus},
    {.name = "present", .show = show_all_cpus},
};

// All of `text`, in hexadecimal digits behind 0x, or in decimal ones. INVAL. (Linux: kstrtoull with base 0.)
Result<u64> parse_address(std::string_view text) {
    if (!text.starts_with("0x"))
        return parse_unsigned(text);
    constexpr u32 MOST_DIGITS = 16;
    text.remove_prefix(2);
    if (text.empty() || text.size() > MOST_DIGITS)
        return Err(Errno::INVAL);
    u64 value = 0;
    for (const char digit : text) {
        const auto at = std::string_view("0123456789abcdef").find(digit);
        if (at == std::string_view::npos)
            return Err(Errno::INVAL);
        value = value * 16 + at;
    }
    return value;
}

// A physical address; the frame of it becomes unusable. (Linux: hard_offline_page_store.)
Result<void> write_hard_offline_page(const Inode&, std::string_view text) {
    if (!capable(CAP_SYS_ADMIN))
        return Err(Errno::PERM);
    const u64 address = TRY(parse_address(text));
    return address <= ~u32{0} ? hard_offline_page(Pfn::of(PhysAddr(static_cast<u32>(address)))) : Err(Errno::NXIO);
}

constexpr ProcEntry memory_files[] = {
    {.name = "hard_offline_page", .write = write_hard_offline_page, .mode = S_IFREG | 0200}};

constexpr ProcEntry directory(const char* name) { return {.name = name, .mode = S_IFDIR | 0555}; }
constexpr ProcEntry devices = directory("devices"), system_devices = directory("system"), cpu = directory("cpu"),
                    memory = directory("memory");
constexpr ProcEntry cpu_directories[] = {directory("cpu0"), directory("cpu1"), directory("cpu2"), directory("cpu3"),
                                         directory("cpu4"), directory("cpu5"), directory("cpu6"), directory("cpu7")};
static_assert(std::size(cpu_directories) == machine::MAX_CPUS);

} // namespace

void init_sysfs() {
    auto root = new_inode(S_IFDIR | 0555);
    BUG_ON(!root.ok());
    (*root)->nlink = 2;
    Inode& devices_inode = add_proc_entry(**root, devices);
    Inode& system_inode = add_proc_entry(devices_inode, system_devices);
    Inode& cpu_inode = add_proc_entry(system_inode, cpu);
    for (u32 i = 0; i < machine::MAX_CPUS; ++i)
        if (cpus_online().has(i))
            add_proc_directory(cpu_inode, cpu_directories[i], {});
    for (const ProcEntry& list : lists)
        add_proc_entry(cpu_inode, list);
    add_proc_directory(system_inode, memory, memory_files);
    for (Inode* inode : {*root, &devices_inode, &system_inode, &cpu_inode})
        close_proc_directory(*inode);
    BUG_ON(!mount_root(make_directory("/sys", 0555), **root, "sysfs", "sysfs").ok());
    iput(*root);
}

} // namespace faultline
