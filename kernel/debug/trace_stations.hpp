// stations.def as tables.
#pragma once

#include <algorithm>
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

// Cuts off what stands before `separator`, or all of `rest`.
constexpr std::string_view cut_word(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

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
