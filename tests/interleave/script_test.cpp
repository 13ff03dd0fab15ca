// Scripts: what is wrong with a text is said where it is wrong, and the scenarios of the catalogue do what it says.
#include <catch2/catch.hpp>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "interleave/engine.hpp"
#include "interleave/scenarios.hpp"
#include "interleave/script.hpp"
#include "interleave/session.hpp"

using namespace faultline;
using namespace faultline::interleave;

namespace {

std::string wrong(const char* text) {
    Script script;
    const auto error = parse_script(text, script);
    return error ? std::to_string(error->line) + ":" + std::to_string(error->column) + ": " + error->what : "";
}

constexpr FaultIn REPAIRS[] = {FaultIn::Gup, FaultIn::GupDirty, FaultIn::Fixup2011, FaultIn::Fixup, FaultIn::Trap};

// catalogue.tsv: what each repair does with each scenario.
std::map<std::string, std::vector<std::string>> catalogue() {
    std::ifstream file(CATALOGUE);
    REQUIRE(file.good());
    std::map<std::string, std::vector<std::string>> rows;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.starts_with('#'))
            continue;
        std::istringstream fields(line);
        std::string name, verdict;
        std::getline(fields, name, '\t');
        for (std::size_t i = 0; i < std::size(REPAIRS) && std::getline(fields, verdict, '\t'); ++i)
            rows[name].push_back(verdict);
    }
    return rows;
}

// A name of a scenario as the documentation has it, with "…" for any text.
bool fits(std::string_view name, std::string_view pattern) {
    static constexpr std::string_view ANY = "…";
    const std::size_t any = pattern.find(ANY);
    if (any == pattern.npos)
        return name == pattern;
    if (!name.starts_with(pattern.substr(0, any)))
        return false;
    for (std::size_t skipped = any; skipped <= name.size(); ++skipped)
        if (fits(name.substr(skipped), pattern.substr(any + ANY.size())))
            return true;
    return false;
}

// The scenarios that docs/explorer-engine.md calls missing: the first cells of the table that has a reason in the second.
std::vector<std::string> documented_as_missing() {
    std::ifstream file(MISSING_SCENARIOS);
    REQUIRE(file.good());
    std::vector<std::string> patterns;
    std::string line;
    while (std::getline(file, line) && line != "## The scenarios") {
    }
    while (std::getline(file, line) && !line.starts_with("## ")) {
        std::istringstream cells(line);
        std::string names, reason;
        if (!line.starts_with("| `") || !std::getline(cells.ignore(1), names, '|'))
            continue;
        std::getline(cells, reason, '|');
        INFO(line);
        CHECK(reason.size() > 2);
        for (std::size_t at = 0; (at = names.find('`', at)) != names.npos;) {
            const std::size_t end = names.find('`', at + 1);
            REQUIRE(end != names.npos);
            patterns.push_back(names.substr(at + 1, end - at - 1));
            at = end + 1;
        }
    }
    return patterns;
}

} // namespace

TEST_CASE("script: errors have a place and a sentence") {
    CHECK(wrong("map a shared\ncpu 0: read a") == "");
    CHECK(wrong("") == "1:1: There is no mapping: begin with a line such as `map a shared`.");
    CHECK(wrong("map a shared") == "1:1: No CPU has a verb: a line such as `cpu 0: read a` is missing.");
    CHECK(wrong("map a shared\ncpu 0:\ncpu 1:") ==
          "3:1: No CPU has a verb: a line such as `cpu 0: read a` is missing.");
    CHECK(wrong("map A shared") == "1:5: A name has small letters only.");
    CHECK(wrong("map a sharde") == "1:7: A mapping is `shared` or `private`.");
    CHECK(wrong("map a shared 17") == "1:14: A mapping has 1 to 16 pages.");
    CHECK(wrong("map a shared\nmap a private") == "2:5: There is a mapping of this name already.");
    CHECK(wrong("map a private\nmap b of a shared") ==
          "2:10: Only a shared mapping shows a file, which another mapping can show too.");
    CHECK(wrong("map a shared\ncpu 4: read a") == "2:5: The number of a CPU is 0 to 3.");
    CHECK(wrong("map a shared\ncpu 0 read a") == "2:7: A colon is missing here.");
    CHECK(wrong("map a shared\ncpu 0: raed a") == "2:8: There is no such verb.");
    CHECK(wrong("map a shared\ncpu 0: read-p a") == "2:8: There is no such verb.");
    CHECK(wrong("map a shared\ncpu 0: read b") == "2:13: There is no mapping of this name above.");
    CHECK(wrong("map a shared\ncpu 0: read") == "2:12: A place, such as a or a[1].2, is missing here.");
    CHECK(wrong("map a shared\ncpu 0: read a a") ==
          "2:15: A semicolon is missing here, or the verb has an operand too many.");
    CHECK(wrong("map a shared\ncpu 0: read a[1]") == "2:14: In brackets stands a page of the mapping: 0 to 0.");
    CHECK(wrong("map a shared\ncpu 0: read a.16") == "2:14: Behind a dot stands a word of the page: 0 to 15.");
    CHECK(wrong("map a shared\ncpu 0: write a x") == "2:16: A value is a number, or tid.");
    CHECK(wrong("map a shared\ncpu 0: mprotect a rx") == "2:19: One of these is expected: none, r, rw.");
    CHECK(wrong("map a shared\ncpu 0: exit; read a") == "2:14: CPU 0 has left its address space before this.");
    CHECK(wrong("map a shared\ncpu 0: read a\ncpu 0: read a") == "3:5: CPU 0 has a line already.");
    CHECK(wrong("map a shared\nbefore: exit\ncpu 0: read a") == "2:9: `exit` stands on the line of a CPU.");
    CHECK(wrong("hello") == "1:1: A line begins with map, before, cpu or after.");
}

TEST_CASE("script: every verb") {
    Script script;
    const char* text =
        "map a shared 2\nmap b private # a comment\nmap c of a private\n"
        "before: fill a 1; fork 1\n"
        "cpu 0: read a; write b 3; expect a 1; cmpxchg b 3 4; mprotect b r; write b 1; mprotect b rw; age a; "
        "clean a; swapout a; read a[1].2; madvise b dontneed; fork; wait a 0; wake-p a; wake_op a b; cmp_requeue "
        "a 1 b; lock_pi b.1; unlock_pi b.1; lock b.2; unlock b.2; trylock_pi b.3; munmap b; read b; fork child; "
        "write a.1 5; exit\n"
        "cpu 1: read c; write c 9; madvise c free; exit\n";
    const auto error = parse_script(text, script);
    INFO((error ? error->what : ""));
    REQUIRE(!error);
    Session session(scripted(script), {});
    session.run({});
    INFO(session.text());
    CHECK(session.verdict() == Verdict::Ended);
    const std::string state = session.state();
    for (const char* done : {"read a: 1", "cmpxchg b 3 4: 3", "write b 1: SIGSEGV", "wait a 0: EAGAIN", "lock b.2: 0",
                             "read b: SIGSEGV", "swapout a: 1"})
        CHECK_THAT(state, Catch::Contains(done));
}

TEST_CASE("script: a fork that memory does not suffice for fails, and is no fault of the kernel") {
    std::string text = "map a private\nbefore: write a 1\ncpu 0: fork";
    for (u32 i = 1; i < Script::MOST_VERBS; ++i)
        text += "; fork";
    Script script;
    REQUIRE(!parse_script(text, script));
    Session session(scripted(script), {});
    session.run({});
    INFO(session.text());
    CHECK(session.verdict() == Verdict::Ended);
    CHECK_THAT(session.state(), Catch::Contains(R"("fork","fork: ENOMEM")"));
}

TEST_CASE("script: a program that is nothing but a mapping is a script without a verb, not an unknown name") {
    Engine engine;
    for (const char* program : {"map a shared", "map a shared\nmap b private"}) {
        engine.open("", program);
        CHECK_THAT(engine.error(), Catch::Contains("No CPU has a verb"));
    }
    engine.open("", "mapping");
    CHECK_THAT(engine.error(), Catch::Contains("There is no program `mapping`."));
}

TEST_CASE("script: the scenarios do what the catalogue says") {
    const auto rows = catalogue();
    std::set<std::string> names;
    for (const Scenario& scenario : scenarios()) {
        INFO(scenario.name << "\n" << scenario.script);
        CHECK(names.insert(scenario.name).second);
        REQUIRE(rows.contains(scenario.name));
        Script script;
        const auto error = parse_script(scenario.script, script);
        INFO((error ? error->what : ""));
        REQUIRE(!error);
        const bool broken = std::string_view(scenario.settings) == "tlb=broken";
        for (std::size_t i = 0; i < std::size(REPAIRS); ++i) {
            Session session(scripted(script), {.broken = broken, .fault_in = REPAIRS[i], .livelock_rounds = 8});
            session.run({});
            INFO(fault_in_name(REPAIRS[i]) << ": " << session.text());
            if (broken)
                CHECK(session.verdict() == Verdict::Violation);
            else
                CHECK((session.verdict() == Verdict::Livelock ? "hangs" : verdict_name(session.verdict())) ==
                      (rows.at(scenario.name)[i] == "hangs" ? std::string("hangs") : "ended"));
        }
    }
    CHECK(names.size() >= 90);
}

TEST_CASE("script: each scenario of the catalogue is a preset, or is documented as missing, with the reason") {
    std::set<std::string> offered;
    for (const Scenario& scenario : scenarios())
        offered.insert(scenario.name);
    const auto missing = documented_as_missing();
    std::set<std::string> used;
    for (const auto& [name, verdicts] : catalogue()) {
        INFO(name);
        std::size_t reasons = 0;
        for (const std::string& pattern : missing)
            if (fits(name, pattern)) {
                ++reasons;
                used.insert(pattern);
            }
        CHECK(reasons + offered.count(name) == 1);
    }
    for (const std::string& pattern : missing) {
        INFO(pattern);
        CHECK(used.contains(pattern)); // else it names nothing
    }
}
