// Settings and programs from text, and the calls of a page (interleave/engine.hpp).
#include "interleave/engine.hpp"

#include <charconv>

#include "arch/model/trace.hpp"
#include "interleave/json.hpp"
#include "interleave/preset.hpp"
#include "interleave/scenarios.hpp"
#include "interleave/script.hpp"
#include "kernel/debug/trace_stations.hpp"

namespace faultline::interleave {

namespace {

std::optional<u32> number_in(std::string_view text) {
    u32 number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// One word, NAME=VALUE. False: there is no such name, or no such value.
bool set(Settings& settings, std::string_view name, std::string_view value) {
    const auto choose = [&]<class Value>(Value& into, std::string_view text, Value chosen) {
        if (value == text)
            into = chosen;
        return value == text;
    };
    const auto number = number_in(value);
    if (name == "fault_in")
        return parse_fault_in(std::string(value).c_str(), settings.fault_in);
    if (name == "tlb") {
        settings.broken = value == "broken";
        return settings.broken || choose(settings.relax, "lazy", TlbRelax::Lazy) ||
               choose(settings.relax, "eager", TlbRelax::Eager);
    }
    if (name == "tlbs") {
        settings.tlb.evict = value.find("evict") != value.npos;
        settings.tlb.prefetch = value.find("prefetch") != value.npos;
        return value == "keep" || value == "evict" || value == "prefetch" || value == "prefetch,evict";
    }
    if (name == "ad_bits")
        return choose(settings.ad_bits, "software", AdBits::Software) ||
               (tlb_config.entries != 0 && choose(settings.ad_bits, "hardware", AdBits::Hardware));
    if (!number)
        return false;
    if (name == "fault_around") {
        settings.fault_around = *number == 1;
        return *number <= 1;
    }
    if (name == "seed") {
        settings.tlb.seed = *number;
        return true;
    }
    settings.livelock_rounds = *number;
    return name == "livelock_rounds" && *number != 0;
}

constexpr u32 FEW_ROUNDS = 8; // a person watches them

// A script has lines, or a line with verbs, which has a colon, or it is a mapping and nothing else. No preset's name is any of these.
bool is_script(std::string_view program) {
    return program.find_first_of(":\n") != program.npos || program.starts_with("map ");
}

} // namespace

std::optional<std::string> parse_settings(std::string_view text, Settings& settings) {
    settings = {.livelock_rounds = FEW_ROUNDS};
    while (!text.empty()) {
        const std::string_view word = cut_word(text, ' ');
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string_view value = equals < word.size() ? word.substr(equals + 1) : "";
        if (!word.empty() && !set(settings, word.substr(0, equals), value))
            return "There is no setting `" + std::string(word) + "` here.";
    }
    return std::nullopt;
}

std::string presets_as_json() {
    Json json;
    {
        const auto list = json.list();
        for (const Preset& preset : presets()) {
            const auto object = json.object();
            json.value("name", preset.name);
            json.value("about", preset.about);
            json.value("cpus", preset.cpus);
            json.value("preemptions", static_cast<s32>(preset.effort.preemptions));
            json.value("random_runs", preset.effort.random_runs);
            json.value("long", preset.effort.is_long);
        }
    }
    return json.finish();
}

std::string scenarios_as_json() {
    Json json;
    {
        const auto list = json.list();
        for (const Scenario& scenario : scenarios()) {
            const auto object = json.object();
            json.value("name", scenario.name);
            json.value("about", scenario.about);
            json.value("script", scenario.script);
            json.value("settings", scenario.settings);
        }
    }
    return json.finish();
}

std::string stations_as_json() {
    Json json;
    {
        const auto list = json.list();
        for (const StationInfo& station : STATIONS) {
            const auto object = json.object();
            json.value("name", station.name);
            json.value("group", station.group);
            json.value("fields", station.fields);
        }
    }
    return json.finish();
}

void Engine::fail(const std::string& what, u32 line, u32 column) {
    Json json;
    {
        const auto object = json.object();
        json.value("line", line);
        json.value("column", column);
        json.value("what", what);
    }
    error_ = json.finish();
}

bool Engine::read(std::string_view settings_text, std::string_view program, Settings& settings, Maker& make) {
    error_ = "null";
    if (const auto wrong = parse_settings(settings_text, settings)) {
        fail(*wrong);
        return false;
    }
    if (!is_script(program)) {
        const Preset* preset = find_preset(program);
        if (preset == nullptr)
            fail("There is no program `" + std::string(program) + "`.");
        else
            make = preset->make;
        return preset != nullptr;
    }
    Script script;
    if (const auto wrong = parse_script(program, script)) {
        fail(wrong->what, wrong->line, wrong->column);
        return false;
    }
    make = scripted(std::move(script));
    return true;
}

// A run that stands still in the middle cannot be taken away everywhere: in a browser nothing unwinds its stacks.
bool Engine::is_free() {
    error_ = "null";
    if (session_)
        fail("A session is open: another one, and a search, need a machine of their own.");
    return !session_;
}

void Engine::open(std::string_view settings_text, std::string_view program) {
    Settings settings;
    Maker make;
    if (is_free() && read(settings_text, program, settings, make))
        session_ = std::make_unique<Session>(make, settings);
}

Session* Engine::session() {
    error_ = "null";
    if (!session_)
        fail("No session is open.");
    return session_.get();
}

void Engine::step(u32 cpu) {
    if (Session* const open = session(); open != nullptr && !open->step(cpu))
        fail("CPU " + std::to_string(cpu) + " cannot act now.");
}

void Engine::replay(std::string_view cpus) {
    Session* const open = session();
    for (std::size_t i = 0; open != nullptr && i < cpus.size(); ++i) {
        if (open->step(static_cast<u32>(cpus[i] - '0')))
            continue;
        fail("Step " + std::to_string(i + 1) + " of the list cannot be made here.");
        return;
    }
}

void Engine::run(s32 seed, std::string_view until, u32 most) {
    Session* const open = session();
    if (open == nullptr)
        return;
    StationMask stations = 0;
    while (!until.empty()) {
        const std::string_view name = cut_word(until, ',');
        const StationMask more = stations_named(name);
        if (more == 0)
            return fail("There is no station `" + std::string(name) + "`.");
        stations |= more;
    }
    open->run({.at_random = seed >= 0, .seed = static_cast<u64>(seed), .until = stations, .most_steps = most});
}

std::string Engine::state() {
    Session* const open = session();
    return open != nullptr ? open->state() : "null";
}

void Engine::explore(std::string_view settings_text, std::string_view program, s32 preemptions, u32 runs) {
    if (!is_free())
        return;
    const std::string what =
        std::string(settings_text) + "\n" + std::to_string(preemptions) + "\n" + std::string(program);
    if (!search_ || search_->what != what) {
        Settings settings;
        Maker make;
        if (!read(settings_text, program, settings, make))
            return;
        search_.emplace();
        search_->what = what;
        search_->temper = {"", settings};
        search_->make = make;
        search_->schedules =
            std::make_unique<EverySchedule>(preemptions < 0 ? UNBOUNDED : static_cast<u32>(preemptions));
    }
    Search& search = *search_;
    if (search.over)
        return;
    // A session records stations, and some of them load an entry: that is a step. So a search records them too.
    model::trace_start();
    u32 left = runs;
    while (left != 0 && !search.over) {
        auto found = interleave::explore(search.make, *search.schedules, search.temper, [&](const Progress& progress) {
            static_cast<void>(model::trace_take());
            search.longest = std::max(search.longest, progress.longest);
            search.over = search.all = progress.is_over;
            search.runs += progress.is_over ? 0 : 1;
            return progress.is_over || --left != 0;
        });
        if (!found)
            continue;
        static_cast<void>(model::trace_take());
        ++search.runs;
        --left;
        if (!search.found || found->choices.size() < search.found->choices.size())
            search.found = std::move(found);
        search.over = search.over || model::Interleaver::has_stopped_cpu();
    }
    static_cast<void>(model::trace_stop());
}

std::string Engine::found() const {
    if (!search_)
        return "null";
    Json json;
    {
        const auto object = json.object();
        json.value("runs", search_->runs);
        json.value("longest", search_->longest);
        json.value("over", search_->over);
        json.value("all", search_->all);
        if (!search_->found) {
            json.raw("found", "");
        } else {
            const auto found = json.object("found");
            json.value("verdict", verdict_name(search_->found->verdict));
            json.value("what", search_->found->what);
            json.value("history", search_->found->history);
            std::string choices;
            for (const u8 cpu : search_->found->choices)
                choices += static_cast<char>('0' + cpu);
            json.value("choices", choices);
        }
    }
    return json.finish();
}

} // namespace faultline::interleave
