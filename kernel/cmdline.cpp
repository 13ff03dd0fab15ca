// The boot arguments: the table of those that the kernel knows, and the parser.
#include "kernel/cmdline.hpp"

#include <arch/boot_info.hpp>
#include <arch/machine_control.hpp>

#include <algorithm>
#include <string_view>

#include "arch/contract/tlb.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/debug/trace.hpp"
#include "kernel/debug/watchdog.hpp"
#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "mm/config.hpp"
#include "mm/fail_alloc.hpp"

namespace faultline {

namespace {

constexpr u8 BAD_USAGE = 64;      // EX_USAGE of sysexits(3)
constexpr int QUIET_LOGLEVEL = 4; // Linux: CONSOLE_LOGLEVEL_QUIET

constinit char words[BootInfo::COMMAND_LINE_SIZE] = {}; // a copy of the command line, cut into strings
constinit InitArguments init;

[[noreturn]] void refuse(const char* name, const char* value, const char* expected) {
    console_printf("faultline: boot argument %s=%s: expected %s\n", name, value != nullptr ? value : "", expected);
    machine_exit(BAD_USAGE);
}

// Parses a decimal number from `low` to `high`. False for anything else, and for nullptr.
bool parse_number(const char* text, u32 low, u32 high, u32& number) {
    u64 value = 0;
    if (text == nullptr || *text == '\0')
        return false;
    for (; *text != '\0'; ++text) {
        if (*text < '0' || *text > '9' || (value = value * 10 + static_cast<u32>(*text - '0')) > high)
            return false;
    }
    if (value < low)
        return false;
    number = static_cast<u32>(value);
    return true;
}

bool parse_switch(const char* text, bool& on) {
    u32 number = 0;
    if (!parse_number(text, 0, 1, number))
        return false;
    on = number == 1;
    return true;
}

// --- the arguments that the kernel knows; each function returns false for a bad value (nullptr: there was no "=") ---

bool set_fault_in(const char* value) {
    FaultIn policy = fault_in_policy;
    if (value == nullptr || !parse_fault_in(value, policy))
        return false;
    set_fault_in_policy(policy);
    return true;
}
bool set_fault_around(const char* value) { return parse_switch(value, mm_config.fault_around); }
bool set_fork_copy_shared(const char* value) { return parse_switch(value, mm_config.fork_copy_shared); }
bool set_livelock(const char* value) { return value != nullptr && parse_livelock(value, livelock_policy); }
bool set_livelock_rounds(const char* value) { return parse_number(value, 1, ~u32{0}, livelock_rounds); }
bool set_loglevel(const char* value) {
    u32 level = 0;
    if (!parse_number(value, 0, 8, level))
        return false;
    console_loglevel = static_cast<int>(level);
    return true;
}
bool set_tlb(const char* value) {
    const std::string_view word = value != nullptr ? value : "";
    if (word == "broken")
        tlb_config.broken = tlb_config.check = true;
    else if (word == "lazy" || word == "eager")
        tlb_config.relax = word == "lazy" ? TlbRelax::Lazy : TlbRelax::Eager;
    else
        return false;
    return true;
}
bool set_tlb_check(const char* value) { return parse_switch(value, tlb_config.check); }
bool set_tlb_entries(const char* value) {
    return tlb_config.entries != 0 && // 0: the hardware's own TLB, whose size is fixed
           parse_number(value, MIN_TLB_ENTRIES, MAX_TLB_ENTRIES, tlb_config.entries);
}
bool set_ad_bits(const char* value) {
    const std::string_view word = value != nullptr ? value : "";
    // A walker of ARMv7 sets no bits, so the hardware's own TLB cannot be filled by one that does.
    if (word != "software" && (word != "hardware" || tlb_config.entries == 0))
        return false;
    tlb_config.ad_bits = word == "hardware" ? AdBits::Hardware : AdBits::Software;
    return true;
}
bool set_init(const char* value) {
    if (value == nullptr || *value == '\0')
        return false;
    init.path = value;
    init.requested = true;
    init.argument_count = 0; // the arguments before it were for another program (Linux init_setup)
    return true;
}

#ifdef FAULTLINE_DEBUG
template <Relaxed<u32> WatchdogConfig::* Setting, u32 MOST>
bool set_watchdog(const char* value) {
    u32 seconds = 0;
    if (!parse_number(value, 0, MOST, seconds))
        return false;
    watchdog_config.*Setting = seconds;
    return true;
}

// "<interval>,<probability>,<space>,<times>". (Linux: setup_fault_attr.)
template <void (*setup)(const FaultAttr&)>
bool set_fault_attr(const char* value) {
    constexpr u32 FIELDS = 4, LONGEST = 10; // digits of a number
    u32 fields[FIELDS] = {};
    for (u32 i = 0; i < FIELDS; ++i) {
        char number[LONGEST + 1] = {};
        u32 length = 0;
        while (value != nullptr && *value != '\0' && *value != ',' && length < LONGEST)
            number[length++] = *value++;
        const bool unlimited = i == FIELDS - 1 && std::string_view(number) == "-1";
        if (!unlimited && !parse_number(number, i == 0 ? 1 : 0, i == 1 ? 100 : 0x7fffffff, fields[i]))
            return false;
        if (unlimited)
            fields[i] = ~u32{0};
        if (value == nullptr || *value != (i == FIELDS - 1 ? '\0' : ','))
            return false;
        ++value;
    }
    setup({.interval = fields[0], .probability = fields[1], .space = fields[2], .times = static_cast<s32>(fields[3])});
    return true;
}
#endif

struct KnownArgument {
    const char* name;
    bool (*set)(const char* value);
    const char* expected;
};
constexpr KnownArgument KNOWN[] = {
    {"ad_bits", set_ad_bits, "software; or hardware, and a kernel that fills the TLB itself (softtlb)"},
    {"fault_in", set_fault_in, "gup, gup_dirty, fixup_2011, fixup or trap"},
    {"fault_around", set_fault_around, "0 or 1"},
    {"fork_copy_shared", set_fork_copy_shared, "0 or 1"},
    {"livelock", set_livelock, "report or halt"},
    {"livelock_rounds", set_livelock_rounds, "a number from 1 on"},
    {"loglevel", set_loglevel, "0 to 8"},
    {"tlb", set_tlb, "lazy, eager or broken"},
    {"tlb_check", set_tlb_check, "0 or 1"},
    {"tlb_entries", set_tlb_entries, "8 to 512, and a kernel that fills the TLB itself (softtlb)"},
    {"trace", set_trace_destination, "ring or port"},
    {"trace_filter", set_trace_filter, "station=, cpu=, task= or address="},
    {"init", set_init, "a path"},
#ifdef FAULTLINE_DEBUG
    {"failslab", set_fault_attr<setup_failslab>, "INTERVAL,PROBABILITY,SPACE,TIMES"},
    {"fail_page_alloc", set_fault_attr<setup_fail_page_alloc>, "INTERVAL,PROBABILITY,SPACE,TIMES"},
    {"sysctl.kernel.hung_task_timeout_secs",
     set_watchdog<&WatchdogConfig::hung_task_timeout_secs, MAX_HUNG_TASK_TIMEOUT_SECS>, "0 to 1000000 seconds"},
    {"sysctl.kernel.watchdog_thresh", set_watchdog<&WatchdogConfig::watchdog_thresh, MAX_WATCHDOG_THRESH>,
     "0 to 60 seconds"},
#endif
};

// --- words ---

// One word, cut out of `words`. `text` is the whole word with its "="; `value` points behind the "=".
struct Word {
    char* text = nullptr;
    char* value = nullptr; // nullptr: no "="
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Cuts off the next word, and removes its quotes. `text` is nullptr if there is none.
Word next_word(char*& rest) {
    while (is_blank(*rest))
        ++rest;
    Word word;
    if (*rest == '\0')
        return word;
    word.text = rest;
    char* to = rest;
    bool quoted = false;
    for (; *rest != '\0' && (quoted || !is_blank(*rest)); ++rest) {
        if (*rest == '"') {
            quoted = !quoted;
            continue;
        }
        *to++ = *rest;
        if (*rest == '=' && word.value == nullptr)
            word.value = to;
    }
    if (*rest != '\0')
        ++rest;
    *to = '\0';
    return word;
}

void add_string(const char** strings, u32& count, u32 room, const char* text, const char* kind) {
    if (count == room) {
        console_printf("faultline: too many boot arguments for process 1 (%s)\n", kind);
        machine_exit(BAD_USAGE);
    }
    strings[count++] = text;
}

void add_argument(const char* text) {
    add_string(init.arguments, init.argument_count, InitArguments::MAX_STRINGS, text, "arguments");
}

// A second value for the same name replaces the first.
void add_environment(const Word& word) {
    const std::string_view name(word.text, static_cast<std::size_t>(word.value - word.text)); // with its "="
    for (u32 i = 0; i < init.environment_count; ++i)
        if (std::string_view(init.environment[i]).starts_with(name)) {
            init.environment[i] = word.text;
            return;
        }
    add_string(init.environment, init.environment_count, InitArguments::MAX_STRINGS + 2, word.text, "environment");
}

void take_word(const Word& word) {
    const std::string_view text(word.text);
    const std::string_view name = word.value == nullptr ? text : text.substr(0, text.find('='));
    if (text == "quiet") {
        console_loglevel = QUIET_LOGLEVEL;
        return;
    }
    for (const KnownArgument& known : KNOWN)
        if (name == known.name) {
            if (!known.set(word.value))
                refuse(known.name, word.value, known.expected);
            return;
        }
    if (name.find('.') != std::string_view::npos)
        return;
    if (word.value != nullptr)
        add_environment(word);
    else
        add_argument(word.text);
}

} // namespace

void parse_boot_arguments(const char* command_line) {
    const std::string_view line(command_line);
    std::copy_n(line.data(), std::min<std::size_t>(line.size(), sizeof words - 1), words);
    char* rest = words;
    bool for_init = false;
    for (Word word = next_word(rest); word.text != nullptr; word = next_word(rest)) {
        if (for_init)
            add_argument(word.text);
        else if (std::string_view(word.text) == "--")
            for_init = true;
        else
            take_word(word);
    }
}

const char* saved_command_line() { return boot_info().command_line; }

const InitArguments& init_arguments() { return init; }

} // namespace faultline
