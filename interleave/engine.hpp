// A session, and a search, behind functions of numbers and texts: what a page in a browser calls, and the tests that compare
// builds. docs/explorer-engine.md says what each does. One Engine serves one session.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "interleave/explore.hpp"
#include "interleave/schedules.hpp"
#include "interleave/session.hpp"

namespace faultline::interleave {

// Reads words such as "fault_in=gup tlb=eager". Nothing: they are right; else a sentence.
std::optional<std::string> parse_settings(std::string_view text, Settings& settings);

// JSON.
std::string presets_as_json();
std::string scenarios_as_json();
std::string stations_as_json();

// A search that goes on.
struct Search {
    std::string what; // settings, program and bound
    Temper temper;
    Maker make;
    std::unique_ptr<EverySchedule> schedules;
    u64 runs = 0;
    std::size_t longest = 0;
    bool over = false;
    bool all = false; // it is over because every schedule was tried
    std::optional<Found> found;
};

class Engine {
  public:
    void open(std::string_view settings, std::string_view program);
    void step(u32 cpu);
    void replay(std::string_view cpus);
    void run(s32 seed, std::string_view until, u32 most);
    std::string state();

    // Searches on: for the same settings, program and bound, from where the last call stopped. Of all the schedules on which
    // something is wrong the shortest is kept.
    void explore(std::string_view settings, std::string_view program, s32 preemptions, u32 runs);
    std::string found() const;

    // What was wrong with the last call; "null": nothing.
    const std::string& error() const { return error_; }

  private:
    bool read(std::string_view settings_text, std::string_view program, Settings& settings, Maker& make);
    bool is_free();
    void fail(const std::string& what, u32 line = 0, u32 column = 0);
    Session* session();

    std::string error_ = "null";
    std::unique_ptr<Session> session_;

    std::optional<Search> search_;
};

} // namespace faultline::interleave
