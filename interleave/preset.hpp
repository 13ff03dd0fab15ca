// A preset: a program of programs/ with its name, and with the schedules under which it is tried.
#pragma once

#include <span>
#include <string_view>

#include "interleave/program.hpp"

namespace faultline::interleave {

inline constexpr u32 UNBOUNDED = ~u32{0};

enum class Tlbs : u8 { OfEveryTemper, OneWillDo }; // OneWillDo: no step depends on the TLBs

// How many schedules of a program are tried.
struct Effort {
    u32 preemptions = UNBOUNDED; // every schedule with at most so many
    u32 random_runs = 0;         // not 0: so many random schedules in place of all
    Tlbs tlbs = Tlbs::OfEveryTemper;
    bool is_long = false; // takes too long for every day
};

struct Preset {
    const char* name;
    const char* about; // one line
    MakeProgram make;
    u32 cpus;
    Effort effort;
};

template <class P, u32 CPUS = 2>
constexpr Preset preset(const char* name, const char* about, const Effort& effort) {
    return {.name = name, .about = about, .make = make<P, CPUS>, .cpus = CPUS, .effort = effort};
}

// All of them: those of each file of programs/.
std::span<const Preset> presets();
const Preset* find_preset(std::string_view name); // nullptr: there is none

extern const std::span<const Preset> ENTRY_PROGRAMS, AD_BITS_PROGRAMS, PAGE_PROGRAMS, SWITCH_PROGRAMS, FUTEX_PROGRAMS,
    PI_PROGRAMS, LOCK_PROGRAMS, WRITEBACK_PROGRAMS, RECLAIM_PROGRAMS, SWAP_PROGRAMS, POISON_PROGRAMS, STORM_PROGRAMS;

} // namespace faultline::interleave
