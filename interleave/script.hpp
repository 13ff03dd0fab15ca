// Programs that are text: a few lines of verbs, one line for each CPU.
//
//     map a shared            a: one page of shared memory        map b private 2     b: two private anonymous pages
//     map c of a private      c: the file of a, mapped once more, private (or shared)
//     before: write a 5       on CPU 0, one after the other, before the run;    before 1: … on CPU 1
//     cpu 0: write a 7; read a.1
//     cpu 1: wake_op a
//     after: expect a 8       when all have finished
//
// A place is a mapping, a page of it in brackets, and a word of that page behind a dot: a, a[1], a.3, a[1].3. A value is a
// number, `tid` (the acting task's), or tid0 … tid3. Verbs:
//
//     read P    write P VALUE    expect P VALUE (a read that must find it)    fill P VALUE (as write(2) does it)
//     cmpxchg P OLD NEW (LDREX and STREX)    await P [N] (until N tasks wait for the PI lock there)
//     mprotect P none|r|rw    munmap P    madvise P dontneed|free|cold|pageout    age P    clean P    swapout P
//         (of a page, or, without brackets, of all of the mapping)
//     fork (nobody runs in the child)    fork N (before the run: CPU N goes on in the child)    fork child (this CPU does)
//     thread N (before the run: CPU N goes on in this address space)
//     exit (the last verb of its line: the address space ends with the last CPU that leaves it)
//     wait P VALUE    wake P [N]    wake_op P [Q] (wakes at P, and adds 1 to Q, or P)    cmp_requeue P VALUE Q
//     lock_pi P    lock_pi2 P    trylock_pi P    unlock_pi P        with -p behind it: FUTEX_PRIVATE_FLAG
//     lock P    unlock P (the mutex of user/lib/sync.cpp: compare-and-swap first, and then the kernel)
//
// An access that the program may not make is noted as SIGSEGV, and the CPU goes on. A `#` begins a comment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interleave/program.hpp"

namespace faultline::interleave {

struct ScriptMapping {
    std::string name;
    bool is_shared = false;
    u32 pages = 1;
    std::optional<u32> of; // the mapping whose file it shows
};

struct ScriptPlace {
    u32 mapping = 0;
    std::optional<u32> page; // none: the first one, or all of the mapping
    u32 word = 0;
};

struct ScriptValue {
    enum Kind : u8 { Number, OwnTid, TidOf } kind = Number;
    u32 number = 0; // the CPU, for TidOf
};

struct ScriptVerb {
    u32 kind = 0; // an index into the table of script.cpp
    bool is_private = false;
    ScriptPlace place, second;
    bool has_second = false;
    ScriptValue value, other_value;
    std::string text; // as it was written
};

struct Script {
    static constexpr u32 MOST_CPUS = 4, MOST_MAPPINGS = 8, MOST_PAGES = 16, MOST_VERBS = 32, MOST_TEXT = 8192;

    struct Line {
        u32 cpu;
        std::vector<ScriptVerb> verbs;
    };
    std::vector<ScriptMapping> mappings;
    std::vector<Line> before, after;
    std::vector<std::vector<ScriptVerb>> cpus;
    bool swaps = false; // needs a swap area
};

// Where the text is wrong, both from 1, and what was expected there: a sentence.
struct ScriptError {
    u32 line = 0, column = 0;
    std::string what;
};

// Reads the text into `script`. Nothing: it is right.
std::optional<ScriptError> parse_script(std::string_view text, Script& script);

// What runs the script. `script` has been read without an error.
Maker scripted(Script script);

} // namespace faultline::interleave
