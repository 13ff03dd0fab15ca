// The trace as text: for the commands `trace` and `explain` of the shell.
#include "abi/procfs/proc_trace.hpp"

#include <algorithm>

#include "abi/process/access.hpp"
#include "kernel/debug/explain.hpp"
#include "kernel/debug/trace.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constexpr u32 SHOWN = 500; // a record is a line of up to 250 characters, and the text is made at once

} // namespace

Result<void> show_trace(const Inode&, SeqFile& out) {
    u32 records = 0;
    TraceRecord record;
    for (TraceReader reader; reader.next(record);)
        ++records;
    out.printf("# recording is %s; the last %u records\n", trace_is_on() ? "on" : "off", std::min(records, SHOWN));
    out.text("#   PID  [CPU]   TIMESTAMP: STATION: what is known there\n");
    TraceReader reader;
    for (u32 number = 0; reader.next(record); ++number) {
        if (number + SHOWN < records)
            continue;
        char line[256];
        const u32 length = format_trace_record(record, line, sizeof line - 1);
        line[length] = '\n';
        out.text({line, length + 1});
    }
    return {};
}

Result<void> write_trace(const Inode&, std::string_view text) {
    if (text == "off") {
        trace_stop();
        return {};
    }
    if (text != "on" && !text.starts_with("on "))
        return Err(Errno::INVAL);
    text.remove_prefix(std::string_view("on").size());
    char words[128] = {};
    if (text.size() >= sizeof words)
        return Err(Errno::INVAL);
    std::copy(text.begin(), text.end(), words);
    TraceFilter filter;
    if (parse_trace_filter(words, filter) != nullptr)
        return Err(Errno::INVAL);
    if (filter.cpus != CpuMask::all() && !(filter.cpus - cpus_online()).empty())
        return Err(Errno::INVAL);
    return trace_start(filter);
}

Result<void> show_pid_explain(const Inode& inode, SeqFile& out) {
    const Task& task = *TRY(proc_task(inode));
    if (!ptrace_may_access(task, PtraceMode::FsCreds))
        return Err(Errno::ACCES);
    if (!trace_is_on())
        out.text("Nothing is recorded now: `trace on` begins.\n");
    LastFault fault;
    if (!find_last_fault(task.pid, fault)) {
        out.text("No fault of this task has been recorded.\n");
        return {};
    }
    for (u32 i = 0; i < fault.count; ++i) {
        char sentence[320];
        if (explain(fault.records[i], sentence, sizeof sentence) != 0)
            out.printf("%s\n", sentence);
    }
    return {};
}

} // namespace faultline
