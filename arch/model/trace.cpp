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

void trace_record(Station station, u32 word0, u32 word1, u32 word2, u32 word3) {
    const std::scoped_lock lock(mutex);
    records.push_back({.ns = clock_ns(),
                       .station = station,
                       .cpu = static_cast<u8>(smp_processor_id()),
                       .words = {word0, word1, word2, word3}});
}

void model::trace_start(StationMask stations) {
    {
        const std::scoped_lock lock(mutex);
        records.clear();
    }
    static_branches_set(stations);
}

std::vector<TraceRecord> model::trace_stop() {
    static_branches_set(0);
    const std::scoped_lock lock(mutex);
    return std::exchange(records, {});
}

} // namespace faultline
