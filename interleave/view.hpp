// What there is to see of a world that stands still, as JSON (docs/explorer-engine.md has its shape). Looking changes
// nothing and is no step.
#pragma once

#include <string>

#include "base/trace.hpp"
#include "interleave/json.hpp"

namespace faultline::interleave {

std::string view_of_world();

// One station that was passed: its CPU, its name, and its words as the kernel prints them.
void add_station(Json& json, const TraceRecord& record);

} // namespace faultline::interleave
