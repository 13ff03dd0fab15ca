// The rings: writing a record, and beginning and ending a recording. trace_reader.cpp reads them.
#include "kernel/debug/trace.hpp"

#include <arch/current.hpp>
#include <arch/irq.hpp>
#include <arch/trace_port.hpp>

#include <atomic>

#include "arch/contract/clock.hpp"
#include "arch/contract/memory.hpp"
#include "base/concurrency.hpp"
#include "base/relaxed.hpp"
#include "base/spinlock.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/debug/trace_stations.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

constinit TraceControl trace_control;

namespace {

constinit TraceFilter filter;
constinit SpinLock control_lock("trace"); // beginning and ending a recording; no record needs it
constinit Relaxed<bool> on = false;
constinit bool port = false;

// Instructions of a station that is watched, beside those that write_record counts itself: measured, as the mean of several
// stations, because each prepares other words (tests/trace/compare.sh).
constexpr u32 CALL_OVERHEAD = 45;

bool matches(Station station, u32 cpu, const Task* task, u32 word0) {
    if (!filter.cpus.has(cpu))
        return false;
    if (filter.pid != 0 && (task == nullptr || task->pid != filter.pid))
        return false;
    if (filter.comm[0] != '\0' && (task == nullptr || __builtin_strcmp(task->comm, filter.comm) != 0))
        return false;
    return (WITH_ADDRESS & mask_of(station)) == 0 || (word0 >= filter.first && word0 <= filter.last);
}

TraceBuffer& buffer_of(const TraceRing& ring, u32 number) {
    return ring.buffers[number / TraceBuffer::RECORDS % TraceControl::BUFFERS];
}

// Adds a record to this CPU's ring. The count is stored last: whoever looks at the memory finds whole records.
void append(TraceRing& ring, const TraceRecord& record) {
    const u32 index = ring.written % TraceBuffer::RECORDS;
    TraceBuffer& buffer = buffer_of(ring, ring.written);
    if (index == 0) {
        if (buffer.magic == TraceBuffer::MAGIC && buffer.count != 0)
            ring.lost += buffer.count;
        buffer.count = 0;
        buffer.cpu = record.cpu;
        buffer.first = ring.written;
        buffer.magic = TraceBuffer::MAGIC;
    }
    buffer.records[index] = record;
    std::atomic_signal_fence(std::memory_order_release);
    buffer.count = index + 1;
    std::atomic_ref(ring.written).store(ring.written + 1, std::memory_order_release);
    if (port && index + 1 == TraceBuffer::RECORDS && trace_port_write(&buffer, sizeof buffer)) {
        ring.sent += buffer.count;
        buffer.count = 0; // it may be overwritten
    }
}

// Says once what the task is called: other records have its number only.
void introduce(TraceRing& ring, Task& task, const TraceRecord& of) {
    task.trace_named = true;
    TraceRecord record = of;
    record.station = Station::TaskRename;
    __builtin_memcpy(record.words, task.comm, sizeof record.words);
    append(ring, record);
}
static_assert(sizeof TraceRecord::words == TASK_COMM_LEN);

void write_record(const TraceRecord& what, u32 began) {
    const u32 cpu = machine::this_cpu().value();
    TraceRing& ring = trace_control.rings[cpu];
    Task* const task = current();
    if (ring.buffers != nullptr && matches(what.station, cpu, task, what.words[0])) {
        TraceRecord record = what;
        record.ns = clock_ns();
        record.instructions = began - ring.overhead;
        record.pid = task != nullptr ? task->pid : 0;
        record.cpu = static_cast<u8>(cpu);
        if (task != nullptr && !task->trace_named)
            introduce(ring, *task, record);
        append(ring, record);
    }
    const u32 ended = instructions_retired();
    if (ended != began) // otherwise the machine does not count
        ring.overhead += ended - began + CALL_OVERHEAD;
}

Result<void> make_rings() {
    for (u32 cpu = 0; cpu < machine::MAX_CPUS; ++cpu) {
        TraceRing& ring = trace_control.rings[cpu];
        if (!cpus_online().has(cpu) || ring.buffers != nullptr)
            continue;
        Page* pages = alloc_pages(TraceControl::ORDER);
        if (pages == nullptr)
            return Err(Errno::NOMEM);
        auto* buffers = static_cast<TraceBuffer*>(page_address(*pages));
        for (u32 i = 0; i < TraceControl::BUFFERS; ++i)
            clear_page(&buffers[i]);
        std::atomic_ref(ring.buffers).store(buffers, std::memory_order_release);
    }
    return {};
}

enum class Destination : u8 { None, Ring, Port };
constinit Destination destination = Destination::None;

} // namespace

void trace_record(u32 head, const std::array<u32, 4>& words, u32 pc) {
    const IrqState before = local_irq_save();
    const u32 began = instructions_retired();
    write_record(trace_record_of(head, words, pc), began);
    local_irq_restore(before);
}

Result<void> trace_start(const TraceFilter& wanted) {
    const Guard lock(control_lock);
    TRY_VOID(make_rings());
    static_branches_set(0); // a record that is being written meanwhile may still meet either filter
    filter = wanted;
    on = true;
    static_branches_set(wanted.stations);
    return {};
}

void trace_stop() {
    const Guard lock(control_lock);
    static_branches_set(0);
    on = false;
}

bool trace_is_on() { return on; }

bool set_trace_destination(const char* value) {
    const std::string_view word = value != nullptr ? value : "";
    destination = word == "port" ? Destination::Port : Destination::Ring;
    return word == "port" || word == "ring";
}

bool set_trace_filter(const char* value) { return value != nullptr && parse_trace_filter(value, filter) == nullptr; }

void init_trace() {
    if (destination == Destination::None)
        return;
    port = destination == Destination::Port && trace_port_open();
    if (destination == Destination::Port && !port)
        printk(KERN_WARNING, "trace: there is no port; the rings keep the last records");
    if (!trace_start(filter).ok())
        printk(KERN_WARNING, "trace: no memory for the rings");
}

} // namespace faultline
