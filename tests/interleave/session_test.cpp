// A run under the control of its caller: who may act, what state() tells, how it ends, and that the same choices lead to the
// same again.
#include <catch2/catch.hpp>

#include <algorithm>

#include "arch/model/trace.hpp"
#include "interleave/engine.hpp"
#include "interleave/explore.hpp"
#include "interleave/script.hpp"
#include "interleave/session.hpp"

using namespace faultline;
using namespace faultline::interleave;

namespace {

Maker made_from(const char* text) {
    Script script;
    const auto error = parse_script(text, script);
    INFO((error ? error->what : ""));
    REQUIRE(!error);
    return scripted(script);
}

constexpr const char* ORIGINAL_REPORT = "map m shared\n"
                                        "before: lock m; fork 1\n"
                                        "cpu 0: await m; unlock m\n"
                                        "cpu 1: lock m; unlock m\n"
                                        "after: expect m 0\n";

// Without the ASIDs, which go on from machine to machine.
std::string view(Session& session) {
    const std::string name = "\"asid\":";
    std::string text = session.state();
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) {
        at += name.size();
        text.erase(at, text.find_first_not_of("0123456789", at) - at);
    }
    return text;
}

} // namespace

TEST_CASE("session: a step for a step, and the same choices lead to the same again") {
    const Maker two_writes =
        made_from("map a private\ncpu 0: write a 1\ncpu 1: write a.1 2\nafter: expect a 1; expect a.1 2");
    std::vector<u32> choices;
    std::vector<std::string> states;
    {
        Session session(two_writes, {});
        states.push_back(view(session));
        CHECK(session.able().size() == 2);
        CHECK_FALSE(session.step(2));
        while (!session.over()) {
            choices.push_back(session.able()[choices.size() % session.able().size()]);
            REQUIRE(session.step(choices.back()));
            states.push_back(view(session));
        }
        CHECK(session.verdict() == Verdict::Ended);
        CHECK(session.able().empty());
        CHECK_FALSE(session.step(0));
        CHECK(session.steps() == choices.size());
    }
    CHECK_THAT(states.front(), Catch::Contains(R"("next":"begin")"));
    CHECK_THAT(states.back(), Catch::Contains(R"("words":[1,2,)"));
    Session again(two_writes, {});
    CHECK(view(again) == states.front());
    for (std::size_t i = 0; i < choices.size(); ++i) {
        REQUIRE(again.step(choices[i]));
        CHECK(view(again) == states[i + 1]);
    }
}

TEST_CASE("session: the original report turns with gup and ends with fixup") {
    {
        Session session(made_from(ORIGINAL_REPORT), {.fault_in = FaultIn::Gup, .livelock_rounds = 8});
        CHECK(session.run({}) == Session::Stop::Over);
        CHECK(session.verdict() == Verdict::Livelock);
        CHECK_THAT(session.state(), Catch::Contains("cause    clean"));
    }
    Session session(made_from(ORIGINAL_REPORT), {.livelock_rounds = 8});
    CHECK(session.run({}) == Session::Stop::Over);
    CHECK(session.verdict() == Verdict::Ended);
}

TEST_CASE("session: a run stops at a station, and a loop stays in bounded memory") {
    Session session(made_from(ORIGINAL_REPORT), {.fault_in = FaultIn::Gup, .livelock_rounds = 1000});
    CHECK(session.run({.until = mask_of(Station::RepairCalled)}) == Session::Stop::Passed);
    CHECK_THAT(session.state(), Catch::Contains(R"("name":"repair_called")"));
    CHECK(session.run({.most_steps = 5000}) == Session::Stop::MostSteps);
    CHECK(session.steps() > 5000);
    CHECK(session.state().size() < 2'000'000);
}

TEST_CASE("session: every CPU waits") {
    Session session(made_from("map a shared\nbefore: write a 0\ncpu 0: wait a 0"), {});
    CHECK(session.run({}) == Session::Stop::Over);
    CHECK(session.verdict() == Verdict::Deadlock);
    CHECK_THAT(session.state(), Catch::Contains(R"("futexes":[{"key":"shared")"));
}

TEST_CASE("session: what is wrong is a sentence") {
    Session session(made_from("map a private\ncpu 0: write a 1; expect a 2"), {});
    session.run({});
    CHECK(session.verdict() == Verdict::Violation);
    CHECK(session.text() == "`expect a 2`: it is 1");
}

TEST_CASE("session: what explore() finds happens again, choice by choice") {
    const Maker lost_wake_up = made_from("map a shared\nbefore: write a 0\ncpu 0: wait a 0\ncpu 1: wake a; write a 1");
    const Temper one[] = {{"lazy", {}}};
    const auto found = explore(lost_wake_up, 2, one, [](const Progress&) { return true; });
    REQUIRE(found);
    Session session(lost_wake_up, one[0].settings);
    for (const u8 cpu : found->choices)
        REQUIRE(session.step(cpu));
    CHECK(session.over());
    CHECK(session.text() == found->what);
}

TEST_CASE("session: of what a search finds it keeps the shortest, also if that comes later") {
    // CPU 1 hangs whatever CPU 0 does, and the schedule in which CPU 0 does nothing comes last.
    const char* const program =
        "map a shared\nmap b private\nbefore: read a\ncpu 0: write b 1; read b\ncpu 1: wake_op a";
    Engine engine;
    const auto found = [&] { return engine.found(); };
    const auto length = [&] {
        const std::string text = found(), key = "\"choices\":\"";
        const std::size_t at = text.find(key) + key.size();
        return text.find('"', at) - at;
    };
    do
        engine.explore("fault_in=gup", program, 1, 1);
    while (found().find("\"found\":null") != std::string::npos);
    const std::size_t first = length();
    while (found().find("\"over\":false") != std::string::npos)
        engine.explore("fault_in=gup", program, 1, 10);
    const std::size_t shortest = length();

    std::vector<std::size_t> all;
    EverySchedule schedules(1);
    const Maker make = made_from(program);
    const Temper one{"lazy", {.fault_in = FaultIn::Gup, .livelock_rounds = 8}};
    bool over = false;
    model::trace_start(); // as the engine does: to record some stations is a step
    while (!over)
        if (const auto each =
                explore(make, schedules, one, [&](const Progress& progress) { return !(over = progress.is_over); }))
            all.push_back(each->choices.size());
    static_cast<void>(model::trace_stop());
    REQUIRE(all.size() > 1);
    CHECK(first == all.front());
    CHECK(shortest == *std::min_element(all.begin(), all.end()));
    CHECK(shortest < first);
}

TEST_CASE("session: given up halfway") {
    for (u64 steps = 0; steps < 60; ++steps) {
        Session session(made_from(ORIGINAL_REPORT), {});
        session.run({.at_random = true, .seed = steps, .most_steps = steps});
    }
    SUCCEED("every stack unwound");
}
