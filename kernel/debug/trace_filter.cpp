// The words of a filter.
#include <algorithm>
#include <string_view>

#include "kernel/debug/trace.hpp"
#include "kernel/debug/trace_stations.hpp"

namespace faultline {

namespace {

bool parse_number(std::string_view text, u32 base, u32& number) {
    if (base == 16 && (text.starts_with("0x") || text.starts_with("0X")))
        text.remove_prefix(2);
    u64 value = 0;
    for (const char c : text) {
        const u32 digit = c >= '0' && c <= '9'   ? static_cast<u32>(c - '0')
                          : c >= 'a' && c <= 'f' ? static_cast<u32>(c - 'a') + 10
                          : c >= 'A' && c <= 'F' ? static_cast<u32>(c - 'A') + 10
                                                 : 16;
        if (digit >= base || (value = value * base + digit) > ~u32{0})
            return false;
    }
    number = static_cast<u32>(value);
    return !text.empty();
}

// Passes what stands between the commas, an empty word, too, as long as `take` accepts it.
bool for_each_of_list(std::string_view list, auto take) {
    bool more = true;
    while (more) {
        more = list.contains(',');
        if (!take(cut_word(list, ',')))
            return false;
    }
    return true;
}

bool parse_stations(std::string_view names, StationMask& stations) {
    stations = 0;
    return for_each_of_list(names, [&](std::string_view name) {
        const StationMask named = stations_named(name);
        stations |= named;
        return named != 0;
    });
}

bool parse_cpus(std::string_view numbers, CpuMask& cpus) {
    cpus = CpuMask();
    return for_each_of_list(numbers, [&](std::string_view number) {
        u32 cpu = 0;
        if (!parse_number(number, 10, cpu) || cpu >= machine::MAX_CPUS)
            return false;
        cpus |= CpuMask::of(cpu);
        return true;
    });
}

bool parse_task(std::string_view task, TraceFilter& filter) {
    if (u32 pid = 0; parse_number(task, 10, pid)) {
        filter.pid = static_cast<s32>(pid);
        return pid != 0 && pid <= 0x7fffffff;
    }
    if (task.empty() || task.size() >= TASK_COMM_LEN)
        return false;
    *std::copy(task.begin(), task.end(), filter.comm) = '\0';
    return true;
}

bool parse_addresses(std::string_view range, TraceFilter& filter) {
    return parse_number(cut_word(range, '-'), 16, filter.first) && parse_number(range, 16, filter.last) &&
           filter.first <= filter.last;
}

} // namespace

const char* parse_trace_filter(const char* text, TraceFilter& filter) {
    std::string_view rest(text);
    std::string_view seen[4]; // all words must agree, so a second one of its kind has no meaning
    u32 count = 0;
    while (!rest.empty()) {
        std::string_view word = cut_word(rest, ' ');
        if (word.empty() || word == "\n")
            continue;
        if (word.ends_with('\n'))
            word.remove_suffix(1);
        const std::string_view key = cut_word(word, '=');
        if (std::find(seen, seen + count, key) != seen + count)
            return "each word once";
        if (key == "station") {
            if (!parse_stations(word, filter.stations))
                return "station=NAME,... with names of stations";
        } else if (key == "cpu") {
            if (!parse_cpus(word, filter.cpus))
                return "cpu=N,... with numbers of processors";
        } else if (key == "task") {
            if (!parse_task(word, filter))
                return "task= and a process id, or a name of at most 15 characters";
        } else if (key == "address") {
            if (!parse_addresses(word, filter))
                return "address=FROM-TO, hexadecimal";
        } else {
            return "station=, cpu=, task= or address=";
        }
        seen[count++] = key;
    }
    return nullptr;
}

} // namespace faultline
