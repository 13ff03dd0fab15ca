// Each preset of interleave/programs/ is a test, which fails at the first schedule on which something is wrong and prints
// the steps that led there.
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdio>
#include <string>

#include "interleave/explore.hpp"

using namespace faultline;
using namespace faultline::interleave;

namespace {

constexpr std::string_view PREFIX = "interleave: ";

std::string how(const Effort& effort) {
    if (effort.random_runs != 0)
        return "random schedules";
    if (effort.preemptions == UNBOUNDED)
        return "every schedule";
    return "every schedule of up to " + std::to_string(effort.preemptions) + " preemptions";
}

// The preset that the running test is named after.
void try_preset() {
    const std::string test = Catch::getResultCapture().getCurrentTestName();
    const Preset& preset = *find_preset(std::string_view(test).substr(PREFIX.size()));
    const Effort& effort = preset.effort;

    auto start = std::chrono::steady_clock::now();
    const Watch watch = [&](const Progress& progress) {
        if (progress.is_over) {
            const auto now = std::chrono::steady_clock::now();
            std::printf("%s: %s, %s, %s: %llu, of up to %zu steps, %.1f s\n", test.c_str(), mmu_name(),
                        progress.temper.name, how(effort).c_str(), static_cast<unsigned long long>(progress.runs),
                        progress.longest, std::chrono::duration<double>(now - start).count());
            start = now;
        }
        return true;
    };
    const auto found = effort.random_runs != 0 ? storm(preset.make, effort.random_runs, tempers(effort.tlbs), watch)
                                               : explore(preset.make, effort.preemptions, tempers(effort.tlbs), watch);
    if (found)
        FAIL(found->temper->name << ", " << how(effort) << ", schedule " << found->schedule << ": " << found->what
                                 << found->history);
    SUCCEED("every schedule");
}

const bool REGISTERED = [] {
    for (const Preset& preset : presets()) {
        const std::string name = std::string(PREFIX) + preset.name;
        REGISTER_TEST_CASE(try_preset, name, preset.effort.is_long ? "[long]" : "");
    }
    return true;
}();

} // namespace
