// One vector for all modelled CPUs, and what fills it.
#include "arch/model/trace.hpp"

#include <mutex>
#include <utility>

#include <arch/processor.hpp>

#include "arch/contract/clock.hpp"

namespace faultline {

namespace {

std::mutex mutex; // tests with real threads record, too
std::vector<TraceRecord> records;

} // namespace

void trace_record(u32 head, const std::array<u32, 4>& words, u32 pc) {
    const std::scoped_lock lock(mutex);
    TraceRecord record = trace_record_of(head, words, pc);
    record.ns = clock_ns();
    record.cpu = static_cast<u8>(smp_processor_id());
    records.push_back(record);
}

void model::trace_start(StationMask stations) {
    {
        const std::scoped_lock lock(mutex);
        records.clear();
    }
    static_branches_set(stations);
}

std::vector<TraceRecord> model::trace_take() {
    const std::scoped_lock lock(mutex);
    return std::exchange(records, {});
}

std::vector<TraceRecord> model::trace_stop() {
    static_branches_set(0);
    return trace_take();
}

} // namespace faultline
