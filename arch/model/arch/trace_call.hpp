// The call of a station that is watched.
#pragma once

#include <array>

#include "base/types.hpp"

namespace faultline {

void trace_record(u32 head, const std::array<u32, 4>& words, u32 pc); // base/trace.hpp

template <u32 STATION, u32 COUNT>
void trace_call(u32 word0, u32 word1, u32 word2, u32 word3) {
    trace_record(STATION | COUNT << 8, {word0, word1, word2, word3}, 0);
}

} // namespace faultline
