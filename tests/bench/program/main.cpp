// bench GROUP... [mark=FIGURE]: what operations of the kernel cost, in instructions. It is process 1, on Faultline and on
// Linux, uses nothing but Linux's system calls, and ends the machine. run.sh boots it.
#include "tests/bench/program/main.hpp"

namespace faultline::bench {

namespace {

int argument_count;
char** arguments;
const char* marked = nullptr; // the figure of mark=FIGURE

bool equal(const char* a, const char* b) { return __builtin_strcmp(a, b) == 0; }

struct Group {
    const char* name;
    void (*run)();
};

constexpr Group GROUPS[] = {
    {"calls", measure_calls},
    {"faults", measure_faults},
    {"young", measure_young},
    {"cow", measure_cow},
    {"futexes", measure_futexes},
    {"clean", measure_clean_entries},
    {"pingpong", measure_ping_pong},
    {"switches", measure_switches},
    {"processes", measure_processes},
    {"mappings", measure_mappings},
    {"vma10", [] { measure_vmas(10); }},
    {"vma1000", [] { measure_vmas(1000); }},
    {"vma30000", [] { measure_vmas(30000); }},
    {"sleepers0", [] { measure_sleepers(0); }},
    {"sleepers100", [] { measure_sleepers(100); }},
    {"sleepers1000", [] { measure_sleepers(1000); }},
    {"tlb", measure_tlb},
    {"signals", measure_signals},
    {"exec", measure_exec},
    {"children", measure_children},
    {"reclaim", measure_reclaim},
};

bool chosen(const char* group) {
    for (int i = 1; i < argument_count; ++i)
        if (equal(arguments[i], group))
            return true;
    return false;
}

} // namespace

// start.S calls it.
extern "C" [[noreturn]] void bench_main(int* stack, u64 counter_at_start) {
    argument_count = *stack;
    arguments = reinterpret_cast<char**>(stack + 1);
    if (argument_count == 2 && equal(arguments[1], "leave")) // what `exec` runs
        leave();
    for (int i = 1; i < argument_count; ++i)
        if (__builtin_strncmp(arguments[i], "mark=", 5) == 0)
            marked = arguments[i] + 5;
    Figure("boot_to_init_cntvct_ns").add(counter_at_start, 1, 0);
    for (const Group& group : GROUPS)
        if (chosen(group.name))
            group.run();
    say("bench: done\n");
    power_off();
}

bool is_marked(const char* name) { return marked && equal(marked, name); }
unsigned batches() { return marked ? 2 : BATCHES; }

} // namespace faultline::bench
