// Reading the rings while they are written.
#include <algorithm>
#include <atomic>

#include "kernel/debug/trace.hpp"

namespace faultline {

namespace {

u32 written_by(const TraceRing& ring) {
    return std::atomic_ref(const_cast<u32&>(ring.written)).load(std::memory_order_acquire);
}

// The ring holds these many records back for certain: its oldest buffer may be overwritten at any moment.
constexpr u32 KEPT = (TraceControl::BUFFERS - 1) * TraceBuffer::RECORDS;

} // namespace

TraceReader::TraceReader(std::span<const u32, machine::MAX_CPUS> from) {
    for (u32 cpu = 0; cpu < machine::MAX_CPUS; ++cpu) {
        const TraceRing& ring = trace_control.rings[cpu];
        if (ring.buffers == nullptr)
            continue;
        Position& position = positions_[cpu];
        position.end = written_by(ring);
        position.next = std::max(from[cpu], position.end > KEPT ? position.end - KEPT : 0);
        position.valid = load(cpu, position);
    }
}

// The record is copied first, and counts only if nobody can have overwritten it meanwhile.
bool TraceReader::load(u32 cpu, Position& position) {
    const TraceRing& ring = trace_control.rings[cpu];
    while (position.next != position.end) {
        const u32 number = position.next;
        position.record =
            ring.buffers[number / TraceBuffer::RECORDS % TraceControl::BUFFERS].records[number % TraceBuffer::RECORDS];
        std::atomic_thread_fence(std::memory_order_acquire);
        const u32 written = written_by(ring);
        if (written - number <= KEPT)
            return true;
        position.next = position.end - number > written - KEPT - number ? written - KEPT : position.end;
    }
    return false;
}

bool TraceReader::next(TraceRecord& record) {
    u32 oldest = machine::MAX_CPUS;
    for (u32 cpu = 0; cpu < machine::MAX_CPUS; ++cpu) {
        const Position& position = positions_[cpu];
        if (position.valid && (oldest == machine::MAX_CPUS || position.record.ns < positions_[oldest].record.ns))
            oldest = cpu;
    }
    if (oldest == machine::MAX_CPUS)
        return false;
    Position& position = positions_[oldest];
    record = position.record;
    ++position.next;
    position.valid = load(oldest, position);
    return true;
}

} // namespace faultline
