// tlb=broken, in which a flush leaves the other CPUs out: whatever goes wrong, before, in or after the run, is its verdict, and
// never the end of the module.
#include <catch2/catch.hpp>
#include <functional>

#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "interleave/engine.hpp"
#include "interleave/preset.hpp"
#include "interleave/scenarios.hpp"

using namespace faultline;
using namespace faultline::interleave;

namespace {

constexpr u32 MOST_STEPS = 20'000;

std::string field(const std::string& json, const std::string& name) {
    const std::string start = "\"" + name + "\":\"";
    const std::size_t at = json.find(start);
    return at == json.npos ? "" : json.substr(at + start.size(), json.find('"', at + start.size()) - at - start.size());
}

std::string answer(const std::string& settings, const std::string& program, bool searches) {
    Engine engine;
    if (searches) {
        engine.explore(settings, program, -1, 1);
        const std::string found = engine.found();
        return field(found, "verdict") + ": " + field(found, "what");
    }
    engine.open(settings, program);
    engine.run(-1, "", MOST_STEPS);
    const std::string state = engine.state();
    return field(state, "verdict") + ": " + field(state, "text");
}

// What `action` returns in a process of its own, as a module has one machine. "" if that ended.
std::string apart(const std::function<std::string()>& action) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const std::string text = action();
        _exit(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    close(ends[1]);
    std::string text;
    char piece[512];
    for (ssize_t read_bytes; (read_bytes = read(ends[0], piece, sizeof piece)) > 0;)
        text.append(piece, static_cast<std::size_t>(read_bytes));
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return status == 0 ? text : "";
}

// "VERDICT: TEXT" of a run in which whoever acts goes on.
std::string run(const std::string& settings, const std::string& program, bool searches = false) {
    return apart([&] { return answer(settings, program, searches); });
}

// What the page allocator asks of a page that is freed.
constexpr const char* REACHABLE = ": tlb_can_reach(page_to_pfn(page))";

} // namespace

TEST_CASE("broken: every program ends with a verdict") {
    const auto try_program = [](const std::string& name, const std::string& program) {
        INFO(name);
        const std::string text = run("tlb=broken", program);
        CHECK_THAT(text, Catch::StartsWith("ended: ") || Catch::StartsWith("violation: ") ||
                             Catch::StartsWith("running: ") || Catch::StartsWith("livelock: ") ||
                             Catch::StartsWith("deadlock: "));
    };
    for (const Preset& preset : presets())
        try_program(preset.name, preset.name);
    for (const Scenario& scenario : scenarios())
        try_program(scenario.name, scenario.script);
}

TEST_CASE("broken: what a panic unwinds is no step") {
    // CPU 0 frees the page while the TLB of CPU 1 still leads to it. On its way out the panic gives up a semaphore.
    const std::string last = apart([] {
        Engine engine;
        engine.open("tlb=broken", "unmap against write");
        engine.replay("111");
        std::string step, state = engine.state();
        for (int i = 0; i < 100 && field(state, "verdict") == "running"; ++i, state = engine.state()) {
            step = field(state, "next"); // of CPU 0, which is the first
            engine.step(0);
        }
        return field(state, "verdict") + " after: " + step;
    });
    CHECK(last == "violation after: invalidate in the own TLB");
}

TEST_CASE("broken: a run in which no TLB came to hold more than truth has ended") {
    const char* const program = "map a private\nbefore 1: write a 1\ncpu 0: write a 2\ncpu 1: read a";
    CHECK(run("tlb=broken", program) == "ended: ");
}

TEST_CASE("broken: what is wrong outside the steps is told, in a run and in a search") {
    const char* const before = "map a private\nbefore 1: write a 1\nbefore: munmap a\ncpu 0: read a";
    const char* const after = "map a private\nbefore 1: write a 1\ncpu 0: read a\nafter: munmap a";
    const char* const less = "map a private\nbefore 1: write a 1\ncpu 0: read a\nafter: mprotect a r";
    for (const bool searches : {false, true}) {
        INFO(searches);
        for (const char* const program : {before, after})
            CHECK_THAT(run("tlb=broken", program, searches),
                       Catch::StartsWith("violation: kernel panic: BUG at ") && Catch::EndsWith(REACHABLE));
        CHECK_THAT(run("tlb=broken", less, searches), Catch::StartsWith("violation: a TLB goes beyond truth"));
    }
}
