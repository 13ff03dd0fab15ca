// The files of /proc/PID that set or show what a process may have: the contents of its core dump, its standing when
// memory runs out, its limits (proc(5)).
#include <linux/capability.h>
#include <linux/oom.h>

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/memory/oom_kill.hpp"
#include "abi/process/coredump.hpp"
#include "abi/procfs/procfs.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/rlimit.hpp"
#include "abi/task/thread_group.hpp"
#include "base/format.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {

// Parses all of `text` as a number of C, with an optional sign and in base 8, 10 or 16. INVAL.
Result<s32> parse_number(std::string_view text) {
    const bool negative = !text.empty() && text[0] == '-';
    text.remove_prefix(negative || (!text.empty() && text[0] == '+') ? 1 : 0);
    u32 base = 10;
    if (text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == '0') {
        base = 8;
    }
    if (text.empty() || text.size() > 9)
        return Err(Errno::INVAL);
    s64 value = 0;
    for (const char c : text) {
        const u32 digit = c >= '0' && c <= '9' ? static_cast<u32>(c - '0') : static_cast<u32>((c | 0x20) - 'a') + 10;
        if (digit >= base)
            return Err(Errno::INVAL);
        value = value * base + digit;
    }
    return static_cast<s32>(negative ? -value : value);
}

} // namespace

Result<void> show_coredump_filter(const Inode& inode, SeqFile& out) {
    out.printf("%08x\n", static_cast<unsigned>(TRY(proc_task(inode))->group->coredump_filter));
    return {};
}

Result<void> write_coredump_filter(const Inode& inode, std::string_view text) {
    const s32 value = TRY(parse_number(text));
    TRY(proc_task(inode))->group->coredump_filter = static_cast<u32>(value) & DUMP_FILTER_MASK;
    return {};
}

Result<void> show_oom_score_adj(const Inode& inode, SeqFile& out) {
    out.printf("%d\n", static_cast<int>(TRY(proc_task(inode))->group->oom_score_adj));
    return {};
}

namespace {

// Sets it for the process, and for all that have the same memory: they die together. ACCES: to be spared more than before
// needs CAP_SYS_RESOURCE; the old interface measures that from the present value, the new one from the lowest that a
// privileged task has set. (Linux: __set_oom_adj.)
Result<void> set_oom_adj(const Task& task, s16 value, bool legacy) {
    ThreadGroup& group = *task.group;
    const bool privileged = capable(CAP_SYS_RESOURCE);
    if (value < (legacy ? group.oom_score_adj : group.oom_score_adj_min) && !privileged)
        return Err(Errno::ACCES);
    const auto set = [&](ThreadGroup& one) {
        one.oom_score_adj = value;
        if (!legacy && privileged)
            one.oom_score_adj_min = value;
    };
    set(group);
    const MmStruct* mm = task.vfork_done == nullptr ? process_mm(group) : nullptr;
    if (mm == nullptr || mm->mm_users.read() <= 1)
        return {};
    for_each_process([&](ThreadGroup& other) {
        if (&other != &group && other.parent != nullptr && other.leader->vfork_done == nullptr &&
            process_mm(other) == mm)
            set(other);
    });
    return {};
}

} // namespace

Result<void> write_oom_score_adj(const Inode& inode, std::string_view text) {
    const s32 value = TRY(parse_number(text));
    if (value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX)
        return Err(Errno::INVAL);
    return set_oom_adj(*TRY(proc_task(inode)), static_cast<s16>(value), false);
}

// The same on the scale of old, -17 … 15. (Linux: oom_adj_read, oom_adj_write.)
Result<void> show_oom_adj(const Inode& inode, SeqFile& out) {
    const s32 value = TRY(proc_task(inode))->group->oom_score_adj;
    const s32 old = value == OOM_SCORE_ADJ_MAX ? OOM_ADJUST_MAX : value * -OOM_DISABLE / OOM_SCORE_ADJ_MAX;
    out.printf("%d\n", std::min(old, s32{OOM_ADJUST_MAX}));
    return {};
}

Result<void> write_oom_adj(const Inode& inode, std::string_view text) {
    const s32 old = TRY(parse_number(text));
    if ((old < OOM_ADJUST_MIN || old > OOM_ADJUST_MAX) && old != OOM_DISABLE)
        return Err(Errno::INVAL);
    const s32 value = old == OOM_ADJUST_MAX ? OOM_SCORE_ADJ_MAX : old * OOM_SCORE_ADJ_MAX / -OOM_DISABLE;
    return set_oom_adj(*TRY(proc_task(inode)), static_cast<s16>(value), true);
}

// 0 … 2000: two thirds of what would come free and of the adjustment, in thousandths of memory; 0: is not killed. (Linux:
// proc_oom_score.)
Result<void> show_oom_score(const Inode& inode, SeqFile& out) {
    const auto badness = oom_badness(*TRY(proc_task(inode))->group);
    const s32 score = badness ? (1000 + *badness * 1000 / static_cast<s32>(nr_total_pages())) * 2 / 3 : 0;
    out.printf("%u\n", static_cast<unsigned>(score));
    return {};
}

Result<void> show_pid_limits(const Inode& inode, SeqFile& out) {
    static constexpr struct {
        const char* name;
        const char* unit;
    } rows[RLIM_COUNT] = {
        // by number
        {"Max cpu time", "seconds"},    {"Max file size", "bytes"},      {"Max data size", "bytes"},
        {"Max stack size", "bytes"},    {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"}, {"Max open files", "files"},     {"Max locked memory", "bytes"},
        {"Max address space", "bytes"}, {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"}, {"Max nice priority", ""},       {"Max realtime priority", ""},
        {"Max realtime timeout", "us"},
    };
    const ThreadGroup& group = *TRY(proc_task(inode))->group;
    out.printf("%-26s%-21s%-21s%-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (u32 i = 0; i < RLIM_COUNT; ++i) {
        out.printf("%-26s", rows[i].name);
        for (const u64 value : {u64{group.limits[i].soft}, u64{group.limits[i].hard}}) {
            char text[24] = "unlimited";
            if (value != ~u64{0})
                snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(value));
            out.printf("%-21s", text);
        }
        out.printf("%-10s\n", rows[i].unit);
    }
    return {};
}

} // namespace faultline
