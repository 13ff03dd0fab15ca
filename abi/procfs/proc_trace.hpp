// /proc/faultline/trace: the last records of the trace, and what is recorded; and /proc/PID/explain.
#pragma once

#include "abi/procfs/procfs.hpp"

namespace faultline {

// Shows whether a recording runs, and the last records of all CPUs, oldest first.
Result<void> show_trace(const Inode& inode, SeqFile& out);

// "on" and a filter (kernel/debug/trace.hpp, parse_trace_filter) begins a recording, "off" ends it. INVAL: neither, or a CPU that
// the machine lacks; NOMEM. Linux's tracefs has tracing_on and set_event for this.
Result<void> write_trace(const Inode& inode, std::string_view text);

// Tells the last fault of the task, in sentences. ACCES: current may not look at it (ptrace_may_access).
Result<void> show_pid_explain(const Inode& inode, SeqFile& out);

} // namespace faultline
