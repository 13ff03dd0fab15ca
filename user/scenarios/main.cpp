// /bin/scenario NAME runs one scenario of the catalogue: status 0 if the kernel did what catalogue.tsv says, 1 with a
// message if not. If the kernel loops for ever, the scenario never ends. `--act NAME` tells the story while it runs;
// `--list` prints the names and sentences.
#include <algorithm>
#include <string_view>
#include <utility>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/errors.hpp"
#include "user/scenarios/operations.hpp"
#include "user/scenarios/robust.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/stories.hpp"

using namespace faultline;

namespace {

constexpr CatalogueRow catalogue[] = {
#include "user/scenarios/catalogue.inc" // made from catalogue.tsv by catalogue.awk
};

constexpr int USAGE = 64; // sysexits(3) EX_USAGE

// What a name of the catalogue stands for. Exactly one of the four kinds is set.
struct Meaning {
    const Story* story = nullptr;
    const RobustExit* robust_exit = nullptr;
    const ErrorKind* error_kind = nullptr;
    const State* state = nullptr;
    const Operation* operation = nullptr; // with `state`
    std::string_view error_operation{};   // with `error_kind`; empty: all that belong together

    constexpr bool complete() const { return story || robust_exit || error_kind || (state && operation); }
};

template <class Row, std::size_t N>
constexpr const Row* find(const Row (&table)[N], std::string_view name) {
    const auto row = std::find_if(table, table + N, [=](const Row& candidate) { return candidate.name == name; });
    return row == table + N ? nullptr : row;
}

// Splits "head.tail" at its first dot; without a dot there is no tail. (Not with substr: it can throw, and would link
// the code that throws.)
constexpr std::pair<std::string_view, std::string_view> split(std::string_view name) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    std::string_view head = name, tail = name;
    head.remove_suffix(name.size() - dot);
    tail.remove_prefix(std::min(dot + 1, name.size()));
    return {head, tail};
}

constexpr Meaning meaning_of(std::string_view name) {
    if (const Story* story = find(stories, name))
        return {.story = story};
    const auto [head, tail] = split(name);
    if (head == "robust-exit")
        return {.robust_exit = find(robust_exits, tail)};
    if (head == "error") {
        const auto [kind, operation] = split(tail);
        if (!operation.empty() && std::ranges::find(error_operations, operation) == std::end(error_operations))
            return {};
        return {.error_kind = find(error_kinds, kind), .error_operation = operation};
    }
    return {.state = find(states, head), .operation = find(operations, tail)};
}

// The catalogue and the tables agree: every name has a meaning, and the catalogue uses every row of the tables.
static_assert(std::ranges::all_of(catalogue, [](const CatalogueRow& row) { return meaning_of(row.name).complete(); }),
              "a name in catalogue.tsv is not a state and an operation, nor a story, a robust exit or an error kind");

template <class Row, std::size_t N, class Same>
constexpr bool all_named(const Row (&table)[N], Same same) {
    return std::ranges::all_of(table, [=](const Row& row) {
        return std::ranges::any_of(catalogue,
                                   [&](const CatalogueRow& entry) { return same(meaning_of(entry.name), &row); });
    });
}
static_assert(all_named(states, [](const Meaning& meaning, const State* state) { return meaning.state == state; }));
static_assert(all_named(operations,
                        [](const Meaning& meaning, const Operation* row) { return meaning.operation == row; }));
static_assert(all_named(stories, [](const Meaning& meaning, const Story* story) { return meaning.story == story; }));
static_assert(all_named(robust_exits,
                        [](const Meaning& meaning, const RobustExit* row) { return meaning.robust_exit == row; }));
static_assert(all_named(error_kinds,
                        [](const Meaning& meaning, const ErrorKind* row) { return meaning.error_kind == row; }));

void run(const CatalogueRow& row, bool act) {
    const Meaning meaning = meaning_of(row.name);
    begin(row, act);
    if (meaning.story)
        meaning.story->tell();
    else if (meaning.robust_exit)
        run(*meaning.robust_exit);
    else if (meaning.error_kind)
        run(*meaning.error_kind, meaning.error_operation);
    else
        run(*meaning.state, *meaning.operation);
    release_children();
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view first = argc > 1 ? argv[1] : "";
    const bool act = first == "--act";
    if (first == "--list" && argc == 2) {
        for (const CatalogueRow& row : catalogue)
            print("%s  %s\n", row.name, row.sentence);
        return 0;
    }
    if (argc != (act ? 3 : 2)) {
        complain("usage: scenario NAME | --act NAME | --list\n");
        return USAGE;
    }
    const std::string_view name = argv[argc - 1];
    const auto row = std::ranges::find(catalogue, name, &CatalogueRow::name);
    if (row == std::end(catalogue)) {
        complain("scenario: there is no scenario named %s\n", argv[argc - 1]);
        return USAGE;
    }
    run(*row, act);
    return 0;
}
