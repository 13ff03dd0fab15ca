// explore() runs a program under every schedule up to a bound, on machines of every temper; storm() runs it under many
// random schedules. Both stop at the first schedule on which something is wrong.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "interleave/schedules.hpp"
#include "interleave/temper.hpp"
#include "interleave/verdict.hpp"

namespace faultline::interleave {

// A run that went wrong.
struct Found {
    const Temper* temper = nullptr;
    u64 schedule = 0; // how many schedules were tried before
    Verdict verdict{};
    std::string what;        // what is wrong
    std::string history;     // the last steps, in words
    std::vector<u8> choices; // the CPU of each step. On a fresh machine of that temper they lead to the same
    model::TlbPolicy policy; // the TLBs of that run; storm() gives each run another seed
};

// How far the search is.
struct Progress {
    const Temper& temper;
    u64 runs = 0;            // with this temper
    std::size_t longest = 0; // in steps
    bool is_over = false;    // no more schedules with this temper
};
// Called after each run and at the end of each temper. False: stop.
using Watch = std::function<bool(const Progress&)>;

std::optional<Found> explore(const Maker& make, u32 preemptions, std::span<const Temper> tempers, const Watch& watch);
// On one machine, from where `schedules` stands: the watch may have stopped it before.
std::optional<Found> explore(const Maker& make, EverySchedule& schedules, const Temper& temper, const Watch& watch);
std::optional<Found> storm(const Maker& make, u32 runs, std::span<const Temper> tempers, const Watch& watch);

} // namespace faultline::interleave
