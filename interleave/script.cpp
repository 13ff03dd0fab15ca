// Reading scripts: lines, words, places (interleave/script.hpp).
#include "interleave/script.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "interleave/script_verbs.hpp"

namespace faultline::interleave {

namespace {

using Phase = enum class ScriptPhase : u8 { Before, Run, After };

// Reads one line, from the left. The first error is thrown, and caught in parse_script().
class Reader {
  public:
    Reader(std::string_view text, u32 line) : text_(text), line_(line) {}

    [[noreturn]] void fail(const std::string& what) const { fail_at(word_at_, what); }
    [[noreturn]] void fail_at(std::size_t at, const std::string& what) const {
        throw ScriptError{line_, static_cast<u32>(at + 1), what};
    }

    // The next word; "" at the end of the verb or of the line.
    std::string_view word() {
        skip_blanks();
        word_at_ = at_;
        while (at_ < text_.size() && !std::string_view(" \t;:").contains(text_[at_]))
            ++at_;
        return text_.substr(word_at_, at_ - word_at_);
    }
    std::string_view word(const char* wanted) {
        const std::string_view found = word();
        if (found.empty())
            fail(std::string(wanted) + " is missing here.");
        return found;
    }
    bool take(char wanted) {
        skip_blanks();
        if (at_ == text_.size() || text_[at_] != wanted)
            return false;
        ++at_;
        return true;
    }
    bool is_at_end() {
        skip_blanks();
        return at_ == text_.size();
    }
    std::size_t at() const { return at_; }
    std::string_view since(std::size_t start) const { return text_.substr(start, at_ - start); }
    // The start of the last word, plus so many characters.
    std::size_t inside_word(std::size_t characters) const { return word_at_ + characters; }

  private:
    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t'))
            ++at_;
    }

    std::string_view text_;
    u32 line_;
    std::size_t at_ = 0, word_at_ = 0;
};

std::optional<u32> number_in(std::string_view text) {
    const int base = text.starts_with("0x") ? 16 : 10;
    if (base == 16)
        text.remove_prefix(2);
    u32 number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

class Parser {
  public:
    explicit Parser(Script& script) : script_(script) {}

    void line(std::string_view text, u32 number) {
        Reader reader(text.substr(0, text.find('#')), number);
        if (reader.is_at_end())
            return;
        const std::string_view first = reader.word();
        if (first == "map")
            return map(reader);
        if (first == "before" || first == "after") {
            const Phase phase = first == "before" ? Phase::Before : Phase::After;
            const u32 cpu = reader.take(':') ? 0 : cpu_number(reader);
            auto& lines = phase == Phase::Before ? script_.before : script_.after;
            lines.push_back({cpu, {}});
            used_cpus_ = std::max(used_cpus_, cpu + 1);
            verbs(reader, lines.back().verbs, phase, cpu);
            return;
        }
        if (first == "cpu") {
            const u32 cpu = cpu_number(reader);
            if (script_.cpus.size() <= cpu)
                script_.cpus.resize(cpu + 1);
            if (!script_.cpus[cpu].empty())
                reader.fail("CPU " + std::to_string(cpu) + " has a line already.");
            verbs(reader, script_.cpus[cpu], Phase::Run, cpu);
            return;
        }
        reader.fail("A line begins with map, before, cpu or after.");
    }

    void finish(u32 last_line) {
        if (script_.mappings.empty())
            throw ScriptError{last_line, 1, "There is no mapping: begin with a line such as `map a shared`."};
        if (std::all_of(script_.cpus.begin(), script_.cpus.end(), [](const auto& verbs) { return verbs.empty(); }))
            throw ScriptError{last_line, 1, "No CPU has a verb: a line such as `cpu 0: read a` is missing."};
        if (script_.cpus.size() < used_cpus_)
            script_.cpus.resize(used_cpus_);
    }

  private:
    u32 cpu_number(Reader& reader) {
        const auto number = number_in(reader.word("The number of a CPU"));
        if (!number || *number >= Script::MOST_CPUS)
            reader.fail("The number of a CPU is 0 to " + std::to_string(Script::MOST_CPUS - 1) + ".");
        if (!reader.take(':'))
            reader.fail_at(reader.at(), "A colon is missing here.");
        return *number;
    }

    std::optional<u32> mapping_named(std::string_view name) const {
        const auto found = std::find_if(script_.mappings.begin(), script_.mappings.end(),
                                        [&](const ScriptMapping& each) { return each.name == name; });
        return found != script_.mappings.end() ? std::optional(static_cast<u32>(found - script_.mappings.begin()))
                                               : std::nullopt;
    }

    void map(Reader& reader) {
        if (script_.mappings.size() == Script::MOST_MAPPINGS)
            reader.fail("There are at most " + std::to_string(Script::MOST_MAPPINGS) + " mappings.");
        ScriptMapping mapping;
        mapping.name = reader.word("The mapping's name");
        if (!std::all_of(mapping.name.begin(), mapping.name.end(),
                         [](char each) { return (each >= 'a' && each <= 'z') || each == '_'; }))
            reader.fail("A name has small letters only.");
        if (mapping_named(mapping.name))
            reader.fail("There is a mapping of this name already.");
        std::string_view kind = reader.word("`shared` or `private`");
        if (kind == "of") {
            const auto of = mapping_named(reader.word("The other mapping's name"));
            if (!of)
                reader.fail("There is no mapping of this name above.");
            if (!script_.mappings[*of].is_shared)
                reader.fail("Only a shared mapping shows a file, which another mapping can show too.");
            mapping.of = of;
            mapping.pages = script_.mappings[*of].pages;
            kind = reader.word("`shared` or `private`");
        }
        if (kind != "shared" && kind != "private")
            reader.fail("A mapping is `shared` or `private`.");
        mapping.is_shared = kind == "shared";
        if (!mapping.of && !reader.is_at_end()) {
            const auto pages = number_in(reader.word());
            if (!pages || *pages == 0 || *pages > Script::MOST_PAGES)
                reader.fail("A mapping has 1 to " + std::to_string(Script::MOST_PAGES) + " pages.");
            mapping.pages = *pages;
        }
        if (!reader.is_at_end())
            reader.fail_at(reader.at(), "Nothing more is expected on this line.");
        script_.mappings.push_back(std::move(mapping));
    }

    void verbs(Reader& reader, std::vector<ScriptVerb>& verbs, Phase phase, u32 cpu) {
        do {
            if (reader.is_at_end())
                break;
            if (verbs.size() == Script::MOST_VERBS)
                reader.fail_at(reader.at(), "A line has at most " + std::to_string(Script::MOST_VERBS) + " verbs.");
            verbs.push_back(verb(reader, phase, cpu));
        } while (reader.take(';'));
        if (!reader.is_at_end())
            reader.fail_at(reader.at(), "A semicolon is missing here, or the verb has an operand too many.");
    }

    ScriptVerb verb(Reader& reader, Phase phase, u32 cpu) {
        reader.is_at_end(); // skips blanks
        const std::size_t start = reader.at();
        std::string_view name = reader.word("A verb");
        ScriptVerb verb;
        if (name.ends_with("-p")) {
            verb.is_private = true;
            name.remove_suffix(2);
        }
        const auto found =
            std::find_if(std::begin(VERBS), std::end(VERBS), [&](const VerbInfo& each) { return each.name == name; });
        if (found == std::end(VERBS) || (verb.is_private && !found->is_futex))
            reader.fail("There is no such verb.");
        verb.kind = static_cast<u32>(found - std::begin(VERBS));
        if (exited_[cpu])
            reader.fail("CPU " + std::to_string(cpu) + " has left its address space before this.");
        for (const char operand : std::string_view(found->operands))
            read_operand(reader, verb, operand, phase);
        if (found->kind == VerbKind::Exit) {
            if (phase != Phase::Run)
                reader.fail("`exit` stands on the line of a CPU.");
            exited_[cpu] = true;
        }
        if (found->kind == VerbKind::SwapOut ||
            (found->kind == VerbKind::Madvise && verb.value.number == MADVISE_PAGEOUT))
            script_.swaps = true;
        verb.text = reader.since(start);
        return verb;
    }

    // Operands of VerbInfo::operands.
    void read_operand(Reader& reader, ScriptVerb& verb, char operand, Phase phase) {
        switch (operand) {
        case 'p':
            verb.place = place(reader, reader.word("A place, such as a or a[1].2,"));
            break;
        case 'q':
            verb.second = place(reader, reader.word("A second place"));
            verb.has_second = true;
            break;
        case 'Q':
            if (const std::string_view word = reader.word(); !word.empty()) {
                verb.second = place(reader, word);
                verb.has_second = true;
            }
            break;
        case 'v':
            verb.value = value(reader, reader.word("A value"));
            break;
        case 'w':
            verb.other_value = value(reader, reader.word("A second value"));
            break;
        case 'N':
            verb.value.number = 1;
            if (const std::string_view word = reader.word(); !word.empty())
                verb.value = value(reader, word);
            break;
        case 'r':
            verb.value.number = one_of(reader, RIGHTS);
            break;
        case 'a':
            verb.value.number = one_of(reader, ADVICE);
            break;
        case 't':
            thread_operand(reader, verb, phase);
            break;
        default: // 'c'
            fork_operand(reader, verb, phase);
            break;
        }
    }

    static u32 one_of(Reader& reader, std::span<const char* const> words) {
        std::string list;
        for (const char* each : words)
            list += (list.empty() ? "" : ", ") + std::string(each);
        const std::string_view word = reader.word(("One of " + list).c_str());
        const auto found = std::find(words.begin(), words.end(), word);
        if (found == words.end())
            reader.fail("One of these is expected: " + list + ".");
        return static_cast<u32>(found - words.begin());
    }

    void fork_operand(Reader& reader, ScriptVerb& verb, Phase phase) {
        verb.value.number = FORK_ALONE;
        const std::string_view word = reader.word();
        if (word.empty())
            return;
        if (word == "child" && phase == Phase::Run) {
            verb.value.number = FORK_CHILD;
            return;
        }
        const auto cpu = number_in(word);
        if (phase != Phase::Before || !cpu || *cpu == 0 || *cpu >= Script::MOST_CPUS)
            reader.fail("Behind `fork` stands nothing; or `child`, in a run; or the number of a CPU, before it.");
        verb.value.number = *cpu;
        used_cpus_ = std::max(used_cpus_, *cpu + 1);
    }

    void thread_operand(Reader& reader, ScriptVerb& verb, Phase phase) {
        const auto cpu = number_in(reader.word("The number of a CPU"));
        if (phase != Phase::Before || !cpu || *cpu == 0 || *cpu >= Script::MOST_CPUS)
            reader.fail("Before the run, another CPU's number stands behind `thread`.");
        verb.value.number = *cpu;
        used_cpus_ = std::max(used_cpus_, *cpu + 1);
    }

    ScriptValue value(Reader& reader, std::string_view word) {
        if (word == "tid")
            return {ScriptValue::OwnTid, 0};
        if (word.starts_with("tid")) {
            const auto cpu = number_in(word.substr(3));
            if (!cpu || *cpu >= Script::MOST_CPUS)
                reader.fail("A task id is tid, or tid0 to tid" + std::to_string(Script::MOST_CPUS - 1) + ".");
            return {ScriptValue::TidOf, *cpu};
        }
        const auto number = number_in(word);
        if (!number)
            reader.fail("A value is a number, or tid.");
        return {ScriptValue::Number, *number};
    }

    ScriptPlace place(Reader& reader, std::string_view word) {
        ScriptPlace place;
        const std::string_view name = word.substr(0, word.find_first_of("[."));
        const auto mapping = mapping_named(name);
        if (!mapping)
            reader.fail("There is no mapping of this name above.");
        place.mapping = *mapping;
        std::size_t at = name.size();
        if (at < word.size() && word[at] == '[') {
            const std::size_t end = word.find(']', at);
            const u32 pages = script_.mappings[*mapping].pages;
            const auto page = end != word.npos ? number_in(word.substr(at + 1, end - at - 1)) : std::nullopt;
            if (!page || *page >= pages)
                reader.fail_at(reader.inside_word(at),
                               "In brackets stands a page of the mapping: 0 to " + std::to_string(pages - 1) + ".");
            place.page = page;
            at = end + 1;
        }
        if (at < word.size()) {
            constexpr u32 WORDS = 16; // as many as are shown
            const auto number = word[at] == '.' ? number_in(word.substr(at + 1)) : std::nullopt;
            if (!number || *number >= WORDS)
                reader.fail_at(reader.inside_word(at), "Behind a dot stands a word of the page: 0 to 15.");
            place.word = *number;
        }
        return place;
    }

    Script& script_;
    u32 used_cpus_ = 1;
    bool exited_[Script::MOST_CPUS] = {};
};

} // namespace

std::optional<ScriptError> parse_script(std::string_view text, Script& script) {
    if (text.size() > Script::MOST_TEXT)
        return ScriptError{1, 1, "A script has at most " + std::to_string(Script::MOST_TEXT) + " characters."};
    script = {};
    Parser parser(script);
    u32 number = 0;
    try {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            std::string_view line = text.substr(0, end);
            if (line.ends_with('\r'))
                line.remove_suffix(1);
            parser.line(line, ++number);
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        parser.finish(std::max(number, 1u));
    } catch (const ScriptError& error) {
        return error;
    }
    return std::nullopt;
}

} // namespace faultline::interleave
