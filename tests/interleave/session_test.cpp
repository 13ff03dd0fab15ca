// A run under the control of its caller: who may act, what state() tells, how it ends, and that the same choices lead to the
// same again.
#include <catch2/catch.hpp>

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

TEST_CASE("session: given up halfway") {
    for (u64 steps = 0; steps < 60; ++steps) {
        Session session(made_from(ORIGINAL_REPORT), {});
        session.run({.at_random = true, .seed = steps, .most_steps = steps});
    }
    SUCCEED("every stack unwound");
}
