// Where the kernel keeps the records of base/trace.hpp: a ring for each CPU. Only its CPU writes a ring, with interrupts masked,
// and no lock is taken; so a station may stand anywhere. With a port (<arch/trace_port.hpp>) each buffer leaves the machine when
// it is full. Without one the ring keeps the last records, and the oldest are lost.
//
// The rings are read from outside, too, by tools/trace in the memory of a machine that has ended, however it ended, and by a
// debugger. For them is the header of trace_control, and that all counts are plain words.
#pragma once

#include <span>

#include "arch/contract/machine.hpp"
#include "base/cpu_mask.hpp"
#include "base/result.hpp"
#include "base/trace.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

// Consecutive records of one CPU, as they are in memory and on the port.
struct TraceBuffer {
    static constexpr u32 MAGIC = 0x46545242; // "FTRB"
    static constexpr u32 RECORDS = 102;

    u32 magic;
    u32 cpu;
    u32 first; // the first record's number among all that its CPU has written
    u32 count;
    TraceRecord records[RECORDS];
};
static_assert(sizeof(TraceBuffer) == PAGE_SIZE);

struct alignas(L1_CACHE_BYTES) TraceRing {
    TraceBuffer* buffers; // nullptr: this CPU records nothing
    u32 written;          // all records, with those lost. Stored after the record
    u32 lost;             // overwritten, and never sent
    u32 sent;             // accepted by the port
    u32 overhead;         // instructions that tracing took on this CPU
};

struct TraceControl {
    static constexpr u32 MAGIC = 0x46545243, VERSION = 1;  // "FTRC"
    static constexpr u32 ORDER = 6, BUFFERS = 1u << ORDER; // of each CPU

    u32 magic = MAGIC, version = VERSION;
    u32 record_bytes = sizeof(TraceRecord), records = TraceBuffer::RECORDS, buffers = BUFFERS;
    alignas(L1_CACHE_BYTES) TraceRing rings[machine::MAX_CPUS] = {};
};
extern TraceControl trace_control;

// Which records are written.
struct TraceFilter {
    StationMask stations = ALL_STATIONS;
    CpuMask cpus = CpuMask::all();
    s32 pid = 0;                   // of the running task; 0: any
    char comm[TASK_COMM_LEN] = ""; // name of the running task; "": any
    u32 first = 0, last = ~u32{0}; // addresses, for stations that have one
};

// Reads `text` into `filter`: words with blanks between them, each of
//     station=NAME,...   names or groups of stations.def     cpu=N,...
//     task=PID or NAME                                       address=FROM-TO, hexadecimal, both included
// Returns nullptr, or what was expected where the text is wrong.
const char* parse_trace_filter(const char* text, TraceFilter& filter);

// Begins to record what `filter` lets through; a recording that runs goes on with the new filter. Errors: NOMEM. May sleep.
Result<void> trace_start(const TraceFilter& filter);

// Ends the recording. The records stay. May sleep.
void trace_stop();

// Whether a recording runs.
bool trace_is_on();

// The boot arguments: trace=ring or port, trace_filter=. init_trace() obeys them, once all CPUs run.
bool set_trace_destination(const char* value);
bool set_trace_filter(const char* value);
void init_trace();

// The task has another name from now on.
inline void trace_renamed(Task& task) { task.trace_named = false; }

// Reads the records that the rings hold now, oldest first, while others are written. A record that is overwritten meanwhile is
// left out.
class TraceReader {
  public:
    // `from`: for each CPU, what TraceRing::written was when the first record that matters was not there yet.
    explicit TraceReader(std::span<const u32, machine::MAX_CPUS> from = FROM_THE_FIRST);

    // The next record of any CPU, or false at the end of those that were there when the reader was made.
    bool next(TraceRecord& record);

    static constexpr u32 FROM_THE_FIRST[machine::MAX_CPUS] = {};

  private:
    struct Position {
        u32 next = 0, end = 0;
        bool valid = false; // `record` is the one at `next`
        TraceRecord record;
    };
    static bool load(u32 cpu, Position& position);

    Position positions_[machine::MAX_CPUS];
};

// The name of a station; and a record as one line of text, without a newline: as ftrace prints it. Returns its length.
const char* station_name(Station station);
u32 format_trace_record(const TraceRecord& record, char* buffer, u32 size);

} // namespace faultline
