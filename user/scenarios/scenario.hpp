// What every scenario uses: the row of the catalogue that it must satisfy, the kernel's count of
// `fault_in_user_writeable` calls around one operation, and the output of an act.
#pragma once

#include <ulib/futex.hpp>
#include <ulib/print.hpp>

namespace faultline {

inline constexpr int UNCOUNTED = -1;

struct CatalogueRow { // catalogue.tsv, as far as a scenario needs it
    const char* name;
    int calls;             // of fault_in_user_writeable on the fixed kernel, or UNCOUNTED
    int calls_on_hardware; // the same on a machine that sets young and dirty itself
    const char* sentence;  // what it shows
};

// Opens /proc/sys/kernel/futex_faultin_count, touches every buffer, and expects what `row` says. `act`: tells the story
// on standard output. Call it first, and once; forked children inherit it.
void begin(const CatalogueRow& row, bool act);

// Whether the boot argument `name` (`name=value` in /proc/cmdline) has the value `value`.
bool boot_argument_is(const char* name, const char* value);

// Whether the machine sets young and dirty itself (ad_bits=hardware).
bool hardware_sets_bits();

// Expects another number of calls than the catalogue's, because of a boot argument that the set-up knows.
void expect_calls(int calls);

// `fault_in_user_writeable` calls so far, machine-wide; −1 if this kernel does not count them.
long fault_in_count();

// Tells how often `fault_in_user_writeable` ran, and ends the scenario with a message unless `calls` is as expected.
// Accepts any number if the kernel does not count, or repairs in another way than `fault_in=fixup`.
void check_calls(long calls);

// printf-like; prints in an act only.
void tell(const char* format, ...) __attribute__((format(printf, 1, 2)));
// Prints the page's software entry and hardware descriptor, if the kernel shows them; in an act only. Does not touch
// the page.
void show_entry(const char* when, const void* page);

// The page's software entry in words, as /proc/self/pte has it, and whether `word` is among them. Neither touches the page; the
// scenario ends with a message if the kernel does not tell.
bool entry_says(const void* page, const char* word);

// The number behind `name` in a file of lines, e.g. /proc/vmstat. The scenario ends with a message if there is none.
long figure(const char* path, const char* name);

// Runs `operation`, and nothing else, between two readings of the count, and checks the difference. An act shows the
// entry of `page` before and after. Returns what `operation` returns.
template <class Operation>
long counted(const void* page, Operation&& operation) {
    show_entry("before", page);
    const long before = fault_in_count();
    const long result = operation();
    const long after = fault_in_count();
    show_entry("after", page);
    check_calls(after - before);
    return result;
}

// Ends the scenario unless `actual == expected`; both are printed.
void expect(const char* what, long actual, long expected);

} // namespace faultline
