// stations.def as tables.
#pragma once

#include <array>
#include <string_view>

#include "base/trace.hpp"

namespace faultline {

struct StationInfo {
    const char* name;
    const char* group;
    const char* fields;
};

inline constexpr std::array<StationInfo, NR_STATIONS> STATIONS = {{
#define STATION(enumerator, name, group, fields) {name, group, fields},
#include "base/stations.def"
#undef STATION
}};

// The stations whose first word is a user address.
inline constexpr StationMask WITH_ADDRESS = [] {
    StationMask mask = 0;
    for (u32 i = 0; i < NR_STATIONS; ++i)
        if (std::string_view(STATIONS[i].fields).starts_with("address:"))
            mask |= StationMask{1} << i;
    return mask;
}();

// The station of that name, or all of the group of that name; none: 0.
constexpr StationMask stations_named(std::string_view name) {
    StationMask mask = 0;
    for (u32 i = 0; i < NR_STATIONS; ++i)
        if (name == STATIONS[i].name || name == STATIONS[i].group)
            mask |= StationMask{1} << i;
    return mask;
}

} // namespace faultline
