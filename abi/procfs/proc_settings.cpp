// The files of /proc/PID that set or show what a process may have: the contents of its core dump, its standing when
// memory runs out, its limits (proc(5)).
#include <linux/capability.h>
#include <linux/oom.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/process/coredump.hpp"
#include "abi/procfs/procfs.hpp"
#include "abi/task/rlimit.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/debug/format.hpp"

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

Result<void> write_oom_score_adj(const Inode& inode, std::string_view text) {
    const s32 value = TRY(parse_number(text));
    if (value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX)
        return Err(Errno::INVAL);
    ThreadGroup& group = *TRY(proc_task(inode))->group;
    if (value < group.oom_score_adj_min && !capable(CAP_SYS_RESOURCE))
        return Err(Errno::ACCES);
    group.oom_score_adj = static_cast<s16>(value);
    if (capable(CAP_SYS_RESOURCE))
        group.oom_score_adj_min = static_cast<s16>(value);
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
