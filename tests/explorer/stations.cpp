// Prints what stations every preset and every scenario passes under every repair: a line for each run, with its verdict and
// a hash of the sequence. Steps are not counted: where a Page has another size, an allocator's list ends elsewhere, and taking its
// lock is a step. stations.mjs prints the same of a WebAssembly module, and compares.
//
//     stations [--every]    --every: under random schedules and on machines of other tempers, too. A program that is so long that only
//                           some of its schedules are ever tried is not run at random: with a step more the same random numbers
//                           make another schedule of it
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "interleave/engine.hpp"
#include "interleave/preset.hpp"
#include "interleave/scenarios.hpp"

using namespace faultline;
using namespace faultline::interleave;

namespace {

constexpr u32 PIECE = 500, MOST_PIECES = 40; // of steps

// Adds what stands in the state's list of stations as {"cpu":…,"name":…,"words":…}, without the words: frames have other
// numbers where a Page has another size.
void add_stations(std::string& sequence, std::string_view state) {
    constexpr std::string_view START = "{\"cpu\":", WORDS = ",\"words\":";
    state = state.substr(0, state.find("\"world\":"));
    for (std::size_t at = state.find("\"stations\":"); (at = state.find(START, at)) != state.npos; ++at)
        sequence += std::string(state.substr(at, state.find(WORDS, at) - at)) + "\n";
}

u32 fnv(std::string_view text) {
    u32 hash = 0x811c9dc5;
    for (const char each : text)
        hash = (hash ^ static_cast<u8>(each)) * 0x01000193;
    return hash;
}

void run_here(const std::string& settings, const std::string& name, const std::string& program, s32 seed) {
    Engine engine;
    engine.open(settings, program);
    std::string sequence, state = engine.state();
    add_stations(sequence, state);
    for (u32 piece = 0; piece < MOST_PIECES && state.find("\"verdict\":\"running\"") != state.npos; ++piece) {
        engine.run(seed < 0 ? seed : seed + static_cast<s32>(piece), "", PIECE);
        state = engine.state();
        add_stations(sequence, state);
    }
    constexpr std::string_view VERDICT = "\"verdict\":\"";
    const std::size_t verdict = state.find(VERDICT) + VERDICT.size();
    std::printf("%s\t%s\t%d\t%s\t%08x\n", settings.c_str(), name.c_str(), seed,
                state.substr(verdict, state.find('"', verdict) - verdict).c_str(), fnv(sequence));
}

// In a process of its own, as the module has a fresh machine for each run: the numbers of files, from which futexes have their
// keys, begin anew.
void run(const std::string& settings, const std::string& name, const std::string& program, s32 seed) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        run_here(settings, name, program, seed);
        std::fflush(stdout);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        std::printf("%s\t%s\t%d\tno answer\n", settings.c_str(), name.c_str(), seed);
}

} // namespace

int main(int count, char** arguments) {
    const bool every = count > 1 && std::string_view(arguments[1]) == "--every";
    std::vector<std::string> tempers = {""};
    if (every)
        tempers.insert(tempers.end(), {" tlb=eager tlbs=prefetch,evict seed=2", " fault_around=0"});
    if (every && tlb_config.entries != 0)
        tempers.emplace_back(" ad_bits=hardware");
    for (const char* repair : {"fixup", "gup", "gup_dirty", "fixup_2011", "trap"}) {
        for (const std::string& temper : tempers) {
            for (const s32 seed : {-1, 1}) {
                if (seed >= 0 && !every)
                    continue;
                const std::string settings = std::string("fault_in=") + repair + temper;
                for (const Preset& preset : presets())
                    if (seed < 0 || preset.effort.random_runs == 0)
                        run(settings, preset.name, preset.name, seed);
                for (const Scenario& scenario : scenarios())
                    run(settings + (*scenario.settings != 0 ? " " : "") + scenario.settings, scenario.name,
                        scenario.script, seed);
            }
        }
    }
    return 0;
}
