// The records of base/trace.hpp on a modelled machine: kept in a vector, in the order in which they were written.
#pragma once

#include <vector>

#include "base/trace.hpp"

namespace faultline::model {

// Records what comes to these stations from now on, after what was recorded before is forgotten.
void trace_start(StationMask stations = ALL_STATIONS);

// Returns what was recorded since the last call, and goes on recording.
std::vector<TraceRecord> trace_take();

// Ends the recording and returns it.
std::vector<TraceRecord> trace_stop();

} // namespace faultline::model
