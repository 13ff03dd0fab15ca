// Watching a fault pass: TRACE(Station, ...) says that the running code has come to a station of stations.def. While nobody
// watches, a station costs one instruction (<arch/static_branch.hpp>), and its arguments are not computed.
//
// What becomes of a record is the machine's affair: the kernel writes it into its CPU's ring (kernel/debug/trace.hpp), the
// modelled machine into a vector (arch/model/trace.hpp). docs/seeing.md shows all ways to look at them.
#pragma once

#include <arch/static_branch.hpp>
#include <arch/trace_call.hpp>

#include <array>
#include <type_traits>

#include "base/types.hpp"

namespace faultline {

enum class Station : u8 {
#define STATION(enumerator, name, group, fields) enumerator,
#include "base/stations.def"
#undef STATION
};

inline constexpr u32 NR_STATIONS = 0
#define STATION(...) +1
#include "base/stations.def"
#undef STATION
    ;
static_assert(NR_STATIONS <= 64, "a StationMask is one word");

// A set of stations: bit n is the station with that value.
using StationMask = u64;
constexpr StationMask mask_of(Station station) { return StationMask{1} << static_cast<u32>(station); }
inline constexpr StationMask ALL_STATIONS = (StationMask{1} << NR_STATIONS) - 1;

// What a record holds. The layout is read by tools/trace and tools/gdb.
struct TraceRecord {
    u64 ns = 0; // clock_ns()
    u32 instructions =
        0;       // that this CPU has executed, without those of tracing, modulo 2^32; 0 if the machine does not count
    s32 pid = 0; // who: the running task; 0 is an idle task, or none
    Station station{};
    u8 cpu = 0;
    u16 reserved = 0;
    u32 pc = 0; // where in the kernel
    u32 words[4] = {};
};
static_assert(sizeof(TraceRecord) == 40);

// Writes one record, if the filter in force lets it through. Callable anywhere: in any context, with any locks. `head`: the
// station and, from bit 8 on, the number of words that it has. `pc`: where in the kernel.
void trace_record(u32 head, const std::array<u32, 4>& words, u32 pc);

// The record of such a call.
inline TraceRecord trace_record_of(u32 head, const std::array<u32, 4>& words, u32 pc) {
    TraceRecord record{.station = static_cast<Station>(head & 0xff), .pc = pc};
    for (u32 i = 0; i < head >> 8; ++i)
        record.words[i] = words[i];
    return record;
}

// A word of a record, from the types that stations pass.
template <class Number>
    requires std::is_integral_v<Number> || std::is_enum_v<Number>
constexpr u32 trace_word(Number value) {
    return static_cast<u32>(value);
}
template <class Wrapped>
    requires requires(const Wrapped& value) { value.bits(); }
constexpr u32 trace_word(const Wrapped& value) {
    return static_cast<u32>(value.bits());
}
template <class Wrapped>
    requires requires(const Wrapped& value) { value.value(); }
constexpr u32 trace_word(const Wrapped& value) {
    return static_cast<u32>(value.value());
}

template <Station STATION>
[[gnu::always_inline]] inline void trace() {
    trace_call<static_cast<u32>(STATION), 0>(0, 0, 0, 0);
}
template <Station STATION, class First, class... Others>
[[gnu::always_inline]] inline void trace(First first, Others... others) {
    constexpr u32 COUNT = 1 + sizeof...(Others);
    std::array<u32, 4> words;
    words.fill(trace_word(first));
    u32 i = 0;
    ((words[++i] = trace_word(others)), ...);
    const u32 last = (trace_word(first), ..., trace_word(others));
    if (__builtin_constant_p(last) && last == 0) { // as a word is that is not given; so it needs no register
        words[COUNT - 1] = trace_word(first);
        trace_call<static_cast<u32>(STATION), COUNT - 1>(words[0], words[1], words[2], words[3]);
    } else {
        trace_call<static_cast<u32>(STATION), COUNT>(words[0], words[1], words[2], words[3]);
    }
}

#define TRACE(station, ...)                                                                                            \
    do {                                                                                                               \
        if (static_branch<static_cast<u32>(Station::station)>()) [[unlikely]]                                          \
            ::faultline::trace<::faultline::Station::station>(__VA_ARGS__);                                            \
    } while (false)

// The same of an `action`, which the record follows, so that what is told has happened. While nobody watches, the action need
// not keep the record's words.
#define TRACE_AFTER(action, station, ...)                                                                              \
    do {                                                                                                               \
        if (static_branch<static_cast<u32>(Station::station)>()) [[unlikely]] {                                        \
            action;                                                                                                    \
            ::faultline::trace<::faultline::Station::station>(__VA_ARGS__);                                            \
        } else {                                                                                                       \
            action;                                                                                                    \
        }                                                                                                              \
    } while (false)

// The same of a `change` that stores a word. What was there `before` is read only while somebody watches.
#define TRACE_CHANGE(station, where, before, change, after)                                                            \
    do {                                                                                                               \
        if (static_branch<static_cast<u32>(Station::station)>()) [[unlikely]] {                                        \
            const auto old = (before);                                                                                 \
            change;                                                                                                    \
            ::faultline::trace<::faultline::Station::station>(where, old, after);                                      \
        } else {                                                                                                       \
            change;                                                                                                    \
        }                                                                                                              \
    } while (false)

} // namespace faultline
