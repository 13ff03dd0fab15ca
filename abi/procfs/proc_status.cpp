// The state of a task as text: status, stat, statm, cmdline, environ, comm (proc(5)).
#include <algorithm>
#include <cstring>
#include <utility>

#include <linux/resource.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/process/access.hpp"
#include "abi/procfs/cpu_list.hpp"
#include "abi/procfs/procfs.hpp"
#include "abi/signal/queue.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/rusage.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/tty/tty.hpp"
#include "kernel/debug/panic.hpp"
#include "kernel/debug/trace.hpp"
#include "kernel/sched/policy.hpp"
#include "mm/mm_struct.hpp"
#include "mm/remote_memory.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 KIB_PER_PAGE = PAGE_SIZE / 1024;
constexpr u64 CLOCK_TICK_NS = NSEC_PER_SEC / 100; // USER_HZ

struct StateName {
    char letter;
    const char* word;
};

StateName state_name(const Task& task) {
    switch (task.state) {
    case TaskState::Running:
        return {'R', "running"};
    case TaskState::Interruptible:
        return {'S', "sleeping"};
    case TaskState::Uninterruptible:
    case TaskState::Killable:
        return {'D', "disk sleep"};
    case TaskState::Stopped:
        return {'T', "stopped"};
    case TaskState::Zombie:
        return {'Z', "zombie"};
    case TaskState::Dead:
        break;
    }
    return {'X', "dead"};
}

// The pages of an address space by their use; table_bytes is in bytes.
struct MmUse {
    u32 size = 0, peak_size = 0, locked = 0, resident = 0, peak_resident = 0, data = 0, stack = 0, text = 0, shared = 0,
        table_bytes = 0, swapped = 0;
};

MmUse use_of(MmStruct& mm) {
    MmUse use;
    const MmapReadGuard mmap_read(mm);
    for (const VmArea& vma : mm.vmas) {
        if (vma.flags.has(VM_GROWSDOWN))
            use.stack += vma.pages();
        else if ((vma.flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
            use.data += vma.pages();
        else if (vma.flags.has(VM_EXEC))
            use.text += vma.pages();
    }
    use.size = mm.total_vm;
    use.locked = mm.locked_vm;
    use.shared = get_mm_counter(mm, MM_FILEPAGES);
    use.resident = get_mm_counter(mm, MM_ANONPAGES) + use.shared;
    use.peak_size = std::max(get_mm_hiwater_vm(mm), use.size);
    use.peak_resident = std::max(get_mm_hiwater_rss(mm), use.resident);
    use.table_bytes = mm.nr_ptes * PAGE_SIZE;
    use.swapped = get_mm_counter(mm, MM_SWAPENTS);
    return use;
}

struct SignalSets {
    u64 ignored = 0, caught = 0;
};

SignalSets signal_sets(const Task& task) {
    SignalSets sets;
    for (s32 sig = 1; task.sighand != nullptr && sig <= SIGNAL_COUNT; ++sig) {
        const u32 handler = task.sighand->action[sig - 1].handler;
        sets.ignored |= handler == HANDLER_IGNORE ? sigmask(sig) : 0;
        sets.caught |= handler != HANDLER_IGNORE && handler != HANDLER_DEFAULT ? sigmask(sig) : 0;
    }
    return sets;
}

void mask_line(SeqFile& out, const char* name, u64 mask) {
    out.printf("%s:\t%016llx\n", name, static_cast<unsigned long long>(mask));
}

void kib_line(SeqFile& out, const char* name, u32 pages) {
    out.printf("%s:\t%8u kB\n", name, static_cast<unsigned>(pages * KIB_PER_PAGE));
}

void show_ids(const Cred& cred, SeqFile& out) {
    const auto line = [&](const char* name, u32 real, u32 effective, u32 saved, u32 filesystem) {
        out.printf("%s:\t%u\t%u\t%u\t%u\n", name, static_cast<unsigned>(real), static_cast<unsigned>(effective),
                   static_cast<unsigned>(saved), static_cast<unsigned>(filesystem));
    };
    line("Uid", cred.uid, cred.euid, cred.suid, cred.fsuid);
    line("Gid", cred.gid, cred.egid, cred.sgid, cred.fsgid);
    out.text("Groups:\t");
    for (u32 i = 0; i < cred.group_count; ++i)
        out.printf("%u ", static_cast<unsigned>(cred.groups[i]));
    out.text("\n");
}

s32 parent_pid(const ThreadGroup& group) { return group.parent_pid; }

} // namespace

Result<void> show_pid_status(const Inode& inode, SeqFile& out) {
    auto mm = proc_mm(inode); // comes first: it may sleep, and a task pointer is valid only until then
    const MmUse use = mm.ok() ? use_of(**mm) : MmUse{};
    const Task& task = *TRY(proc_task(inode));
    const ThreadGroup& group = *task.group;
    const StateName state = state_name(task);
    out.printf("Name:\t%s\n", task.comm);
    if (task.fs != nullptr)
        out.printf("Umask:\t%04o\n", static_cast<unsigned>(task.fs->umask));
    out.printf("State:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", state.letter, state.word,
               static_cast<int>(group.pid), static_cast<int>(task.pid), static_cast<int>(parent_pid(group)));
    show_ids(*task.cred, out);
    // There is one pid namespace, so these are the same ids again.
    for (const char* name : {"NStgid", "NSpid", "NSpgid", "NSsid"}) {
        const s32 id = name[2] == 't' ? group.pid : name[2] == 's' ? group.sid : name[3] == 'i' ? task.pid : group.pgid;
        out.printf("%s:\t%d\n", name, static_cast<int>(id));
    }
    out.printf("FDSize:\t%u\n", static_cast<unsigned>(task.files != nullptr ? task.files->capacity : 0));
    if (mm.ok()) {
        kib_line(out, "VmPeak", use.peak_size);
        kib_line(out, "VmSize", use.size);
        kib_line(out, "VmLck", use.locked);
        kib_line(out, "VmHWM", use.peak_resident);
        kib_line(out, "VmRSS", use.resident);
        kib_line(out, "RssAnon", use.resident - use.shared);
        kib_line(out, "RssFile", 0); // every file is one of tmpfs, whose pages Linux counts as shared memory
        kib_line(out, "RssShmem", use.shared);
        kib_line(out, "VmData", use.data);
        kib_line(out, "VmStk", use.stack);
        kib_line(out, "VmExe", use.text);
        kib_line(out, "VmPTE", use.table_bytes / PAGE_SIZE);
        kib_line(out, "VmSwap", use.swapped);
    }
    const SignalSets sets = signal_sets(task);
    out.printf("Threads:\t%u\nSigQ:\t%u/%u\n", static_cast<unsigned>(group.thread_count),
               static_cast<unsigned>(task.cred->user->sigpending.load(std::memory_order_relaxed)),
               static_cast<unsigned>(group.limits[RLIMIT_SIGPENDING].soft));
    mask_line(out, "SigPnd", task.pending.set);
    mask_line(out, "ShdPnd", group.shared_pending.set);
    mask_line(out, "SigBlk", task.blocked);
    mask_line(out, "SigIgn", sets.ignored);
    mask_line(out, "SigCgt", sets.caught);
    mask_line(out, "CapInh", task.cred->cap_inheritable);
    mask_line(out, "CapPrm", task.cred->cap_permitted);
    mask_line(out, "CapEff", task.cred->cap_effective);
    mask_line(out, "CapBnd", task.cred->cap_bset);
    mask_line(out, "CapAmb", 0);
    out.printf("NoNewPrivs:\t%d\nSeccomp:\t0\n", group.no_new_privs ? 1 : 0);
    const CpuMask allowed = task.cpus_allowed & cpus_online();
    out.printf("Cpus_allowed:\t%x\nCpus_allowed_list:\t", static_cast<unsigned>(allowed.bits()));
    show_cpu_list(out, allowed);
    out.printf("\nvoluntary_ctxt_switches:\t%u\nnonvoluntary_ctxt_switches:\t%u\n",
               static_cast<unsigned>(u32{task.nvcsw}), static_cast<unsigned>(u32{task.nivcsw}));
    return {};
}

Result<void> show_pid_stat(const Inode& inode, SeqFile& out) {
    auto mm = proc_mm(inode);
    const MmUse use = mm.ok() ? use_of(**mm) : MmUse{};
    const Task& task = *TRY(proc_task(inode));
    ThreadGroup& group = *task.group;
    const SignalSets sets = signal_sets(task);
    const ResourceUse total = group_use(group);
    const CpuTime time = group_cpu_time(group);
    const CpuTime children = cputime_adjust(group.children_use.cpu, group.children_reported);
    const u32 terminal = group.tty != nullptr ? tty_device_number(*group.tty) : 0;
    const s32 foreground = group.tty != nullptr ? tty_foreground_group(*group.tty) : -1;
    // pid comm state ppid pgrp session tty_nr tpgid flags
    out.printf("%d (%s) %c %d %d %d %u %d 0 ", static_cast<int>(task.pid), task.comm, state_name(task).letter,
               static_cast<int>(parent_pid(group)), static_cast<int>(group.pgid), static_cast<int>(group.sid),
               static_cast<unsigned>(terminal), static_cast<int>(foreground));
    // minflt cminflt majflt cmajflt utime stime cutime cstime
    const auto ticks = [](u64 nanoseconds) { return static_cast<unsigned long long>(nanoseconds / CLOCK_TICK_NS); };
    out.printf("%u %u %u %u %llu %llu %llu %llu ", static_cast<unsigned>(total.min_flt),
               static_cast<unsigned>(group.children_use.min_flt), static_cast<unsigned>(total.maj_flt),
               static_cast<unsigned>(group.children_use.maj_flt), ticks(time.user_ns), ticks(time.system_ns),
               ticks(children.user_ns), ticks(children.system_ns));
    // priority nice num_threads itrealvalue starttime vsize rss rsslim
    out.printf("%d %d %u 0 %llu %llu %u 4294967295 ", static_cast<int>(task.prio - MAX_RT_PRIO),
               static_cast<int>(task.nice), static_cast<unsigned>(group.thread_count),
               static_cast<unsigned long long>(task.start_time_ns / CLOCK_TICK_NS),
               static_cast<unsigned long long>(u64{use.size} * PAGE_SIZE), static_cast<unsigned>(use.resident));
    // startcode endcode startstack kstkesp kstkeip signal blocked sigignore sigcatch wchan nswap cnswap
    // exit_signal
    // Addresses and the exit code are for those who may look into the task (Linux: do_task_stat).
    const bool permitted = ptrace_may_access(task, PtraceMode::FsCreds);
    MmStruct* space = mm.ok() && permitted ? &**mm : nullptr;
    const auto place = [&](UserAddr MmStruct::* field) -> unsigned {
        return space != nullptr ? (space->*field).value() : 0;
    };
    out.printf("%u %u %u 0 0 %llu %llu %llu %llu 0 0 0 %d ", place(&MmStruct::start_code), place(&MmStruct::end_code),
               place(&MmStruct::start_stack), static_cast<unsigned long long>(task.pending.set),
               static_cast<unsigned long long>(task.blocked), static_cast<unsigned long long>(sets.ignored),
               static_cast<unsigned long long>(sets.caught), static_cast<int>(task.exit_signal));
    // processor rt_priority policy delayacct_blkio_ticks guest_time cguest_time start_data end_data start_brk
    // arg_start arg_end env_start env_end exit_code
    out.printf("%u %d %d 0 0 0 %u %u %u %u %u %u %u %d\n", static_cast<unsigned>(u32{task.cpu}),
               static_cast<int>(task.rt_priority), static_cast<int>(task.policy), place(&MmStruct::start_data),
               place(&MmStruct::end_data), place(&MmStruct::start_brk), place(&MmStruct::arg_start),
               place(&MmStruct::arg_end), place(&MmStruct::env_start), place(&MmStruct::env_end),
               static_cast<int>(permitted ? task.exit_code : 0));
    return {};
}

Result<void> show_pid_statm(const Inode& inode, SeqFile& out) {
    TRY(proc_task(inode));
    auto mm = proc_mm(inode);
    const MmUse use = mm.ok() ? use_of(**mm) : MmUse{};
    out.printf("%u %u %u %u 0 %u 0\n", static_cast<unsigned>(use.size), static_cast<unsigned>(use.resident),
               static_cast<unsigned>(use.shared), static_cast<unsigned>(use.text),
               static_cast<unsigned>(use.data + use.stack));
    return {};
}

namespace {

// Shows the strings between two addresses of a process. The process may change them at any time.
Result<void> show_strings(MmStruct& mm, SeqFile& out, UserAddr start, UserAddr end) {
    const u32 bytes = end - start;
    char chunk[128];
    for (u32 at = 0; at < bytes && !out.overflowed();) {
        const u32 part = std::min(bytes - at, static_cast<u32>(sizeof chunk));
        TRY_VOID(read_remote_memory(mm, chunk, start + at, part));
        out.text({chunk, part});
        at += part;
    }
    return {};
}

} // namespace

Result<void> show_pid_cmdline(const Inode& inode, SeqFile& out) {
    TRY(proc_task(inode));
    auto mm = proc_mm(inode);
    return mm ? show_strings(**mm, out, (*mm)->arg_start, (*mm)->arg_end) : Result<void>(); // a zombie has none
}
Result<bool> show_pid_environ(const Inode&, MmStruct* mm, SeqFile& out, u32& cursor) {
    if (mm == nullptr || std::exchange(cursor, 1) != 0)
        return false;
    TRY_VOID(show_strings(*mm, out, mm->env_start, mm->env_end));
    return true;
}

Result<void> show_pid_comm(const Inode& inode, SeqFile& out) {
    out.printf("%s\n", TRY(proc_task(inode))->comm);
    return {};
}

// Names a thread of the writer's own process: this is how pthread_setname_np(3) names another one.
Result<void> write_pid_comm(const Inode& inode, std::string_view text) {
    Task& task = *TRY(proc_task(inode));
    if (task.group != current()->group)
        return Err(Errno::INVAL);
    char name[TASK_COMM_LEN] = {};
    text.copy(name, sizeof name - 1);
    std::copy_n(name, sizeof name, task.comm);
    trace_renamed(task);
    return {};
}

// What calls have read and written. There is no storage, so nothing was fetched from it or sent to it.
Result<void> show_pid_io(const Inode& inode, SeqFile& out) {
    const Task& task = *TRY(proc_task(inode));
    if (!ptrace_may_access(task, PtraceMode::FsCreds))
        return Err(Errno::ACCES);
    const ResourceUse use = task.group->leader == &task ? group_use(*task.group) : task_use(task);
    out.printf("rchar: %llu\nwchar: %llu\nsyscr: %u\nsyscw: %u\nread_bytes: 0\nwrite_bytes: 0\n"
               "cancelled_write_bytes: 0\n",
               static_cast<unsigned long long>(use.rchar), static_cast<unsigned long long>(use.wchar),
               static_cast<unsigned>(use.syscr), static_cast<unsigned>(use.syscw));
    return {};
}

Result<void> show_pid_personality(const Inode& inode, SeqFile& out) {
    const Task& task = *TRY(proc_task(inode));
    if (!ptrace_may_access(task, PtraceMode::FsCreds))
        return Err(Errno::PERM);
    out.printf("%08x\n", static_cast<unsigned>(task.group->personality));
    return {};
}

// In which function of the kernel the task sleeps. "0": it does not sleep, or the reader may not look into it. A task
// that sleeps cannot exit without the kernel lock, so its stack stays.
Result<void> show_pid_wchan(const Inode& inode, SeqFile& out) {
    const Task& task = *TRY(proc_task(inode));
    const char* function = nullptr;
    const bool sleeps = task.state > TaskState::Running && task.state < TaskState::Zombie;
    if (sleeps && ptrace_may_access(task, PtraceMode::FsCreds))
        function = get_wchan(task);
    out.text(function != nullptr ? function : "0");
    return {};
}

} // namespace faultline
