// As in user/scenarios/: a page state and an operation make a scenario, and a story is a script of its own. The acting task
// is the one that makes the operation.
#include "interleave/scenarios.hpp"

#include <string_view>

#include "base/types.hpp"

namespace faultline::interleave {

namespace {

// `script` sets the page `a` up, and ends with the line of the acting CPU, as far as the operation. V stands for what the word
// holds before.
struct State {
    const char* name;
    const char* operations; // of the table below, with blanks between them
    const char* what;       // completes "The page: …"
    const char* script;
};

// `f` is a page that the acting task has written; the first word of a two-word operation is there.
constexpr State STATES[] = {
    {"fork-untouched", "lock_pi trylock_pi wake_op wake_op-p",
     "shared anonymous, written by the parent; a forked child has not touched it",
     "map a shared\nmap f private\nbefore: write a V; fork 1\nbefore 1: write f 0\ncpu 1: "},
    {"fork-read", "lock_pi trylock_pi wake_op wake_op-p",
     "shared anonymous, written by the parent; a forked child has only read it",
     "map a shared\nmap f private\nbefore: write a V; fork 1\nbefore 1: write f 0; read a\ncpu 1: "},
    {"fork-wrote", "lock_pi trylock_pi wake_op wake_op-p", "shared anonymous; a forked child has written it",
     "map a shared\nmap f private\nbefore: write a V; fork 1\nbefore 1: write f 0; write a V\ncpu 1: "},
    {"memfd-untouched", "wake_op wake_op-p", "of a shared memfd mapping, not touched",
     "map a shared\nmap f private\nbefore: fill a V; write f 0\ncpu 0: "},
    {"memfd-read", "wake_op wake_op-p lock_pi lock_pi-p lock_pi2 trylock_pi wake",
     "of a shared memfd mapping, only read",
     "map a shared\nmap f private\nbefore: fill a V; write f 0; read a\ncpu 0: "},
    {"memfd-read-wrote", "wake_op wake_op-p lock_pi trylock_pi", "of a shared memfd mapping, read and then written",
     "map a shared\nmap f private\nbefore: fill a V; write f 0; read a; write a V\ncpu 0: "},
    {"tmpfs-read", "wake_op wake_op-p lock_pi lock_pi-p lock_pi2 trylock_pi",
     "of a shared mapping of a tmpfs file, only read",
     "map a shared\nmap f private\nbefore: fill a V; write f 0; read a\ncpu 0: "},
    {"shared-anon-read", "wake_op wake_op-p lock_pi lock_pi-p lock_pi2 trylock_pi", "shared anonymous, only read",
     "map a shared\nmap f private\nbefore: write f 0; read a\ncpu 0: "},
    {"first-word-clean", "wake_op wake_op-p",
     "dirty; only the operation's first word lies in a page that was only read",
     "map a private\nmap f shared\nbefore: fill f 0; write a V; read f\ncpu 0: "},
    {"faultaround", "wake_op-p", "of a shared memfd mapping, mapped because its neighbour was read",
     "map n shared 2\nmap a of n shared\nmap f private\nbefore: fill n V; fill n[1] V; write f 0; read a[1]\ncpu 0: "},
    {"alias-read", "unlock_pi", "a second mapping of a memfd page that the first mapping wrote; only read",
     "map m shared\nmap a of m shared\nmap f private\nbefore: fill m 0; write m V; write f 0; read a\ncpu 0: "},
    {"alias-untouched", "unlock_pi", "a second mapping of a memfd page that the first mapping wrote; not touched",
     "map m shared\nmap a of m shared\nmap f private\nbefore: fill m 0; write m V; write f 0\ncpu 0: "},
    {"memfd-mprotect", "wake_op wake_op-p", "of a shared memfd mapping, written, then forbidden and permitted again",
     "map a shared\nmap f private\nbefore: fill a V; write f 0; read a; write a V; mprotect a r; mprotect a rw; "
     "mprotect a "
     "none; mprotect a rw\ncpu 0: "},
    {"anon-mprotect", "wake_op wake_op-p", "private anonymous, written, then forbidden and permitted again",
     "map a private\nmap f private\nbefore: write f 0; write a V; mprotect a r; mprotect a rw; mprotect a none; "
     "mprotect a "
     "rw\ncpu 0: "},
    {"private-file-read", "wake_op wake_op-p lock_pi lock_pi-p", "of a private file mapping, only read",
     "map m shared\nmap a of m private\nmap f private\nbefore: fill m V; write f 0; read a\ncpu 0: "},
    {"private-file-untouched", "wake_op wake_op-p", "of a private file mapping, not touched",
     "map m shared\nmap a of m private\nmap f private\nbefore: fill m V; write f 0\ncpu 0: "},
    {"zero-page", "wake_op wake_op-p lock_pi lock_pi-p", "private anonymous, only read: the zero page",
     "map a private\nmap f private\nbefore: write f 0; read a\ncpu 0: "},
    {"aged-anon", "wake_op wake_op-p lock_pi-p lock_pi-p-own wake cmp_requeue unlock_pi",
     "private anonymous, written, then aged",
     "map a private\nmap f private\nbefore: write f 0; write a V; age a; age f\ncpu 0: "},
    {"aged-anon-read", "wake_op-p", "private anonymous, written, aged, then read",
     "map a private\nmap f private\nbefore: write f 0; write a V; age a; age f; read a\ncpu 0: "},
    {"aged-anon-wrote", "wake_op-p", "private anonymous, written, aged, then written",
     "map a private\nmap f private\nbefore: write f 0; write a V; age a; age f; write a V\ncpu 0: "},
    {"aged-memfd-dirty", "wake_op", "of a shared memfd mapping, written, then aged",
     "map a shared\nmap f private\nbefore: fill a V; write f 0; read a; write a V; age a; age f\ncpu 0: "},
    {"aged-memfd-clean", "wake_op", "of a shared memfd mapping, only read, then aged",
     "map a shared\nmap f private\nbefore: fill a V; write f 0; read a; age a; age f\ncpu 0: "},
    {"cold-anon", "wake_op-p", "private anonymous, written, then MADV_COLD",
     "map a private\nmap f private\nbefore: write f 0; write a V; madvise a cold\ncpu 0: "},
    {"free-anon", "wake_op-p", "private anonymous, written, then MADV_FREE",
     "map a private\nmap f private\nbefore: write f 0; write a V; madvise a free\ncpu 0: "},
    {"cow-child", "wake_op wake_op-p lock_pi lock_pi-p",
     "private anonymous, copy-on-write: a forked child has not touched it",
     "map a private\nmap f private\nbefore: write a V; fork 1\nbefore 1: write f 0\ncpu 1: "},
    {"cow-child-read", "wake_op-p", "private anonymous, copy-on-write: a forked child has only read it",
     "map a private\nmap f private\nbefore: write a V; fork 1\nbefore 1: write f 0; read a\ncpu 1: "},
    {"cow-parent", "wake_op-p unlock_pi unlock_pi-p",
     "private anonymous, copy-on-write: the parent's side, the child lives",
     "map a private\nmap f private\nbefore: write a V; fork 1; write f 0\ncpu 0: "},
    {"cow-grandchild", "wake_op-p", "private anonymous, copy-on-write twice: a fork of a fork has not touched it",
     "map a private\nmap f private\nbefore: write a V; fork 1\nbefore 1: fork 2\nbefore 2: write f 0\ncpu 2: "},
    {"cow-file-child", "wake_op-p", "of a private file mapping, written, copy-on-write in a forked child",
     "map m shared\nmap a of m private\nmap f private\nbefore: fill m V; read a; write a V; fork 1\nbefore 1: write f "
     "0\ncpu 1: "},
    {"stale", "wake_op wake_op-p lock_pi lock_pi-p trylock_pi unlock_pi",
     "of a shared memfd mapping; CPU 1, where we are, has read it, and then CPU 0 has written to it",
     "map a shared\nmap f private\nbefore: fill a V; write f 0\nbefore 1: write f 0; read a\nbefore 0: write a.2 "
     "7\ncpu 1: "},
    {"swapped-anon-read", "wake_op-p", "private anonymous, written; it went to swap; then read",
     "map a private\nmap f private\nbefore: write a V; swapout a; write f 0; read a\ncpu 0: "},
    {"swapped-tmpfs-read", "lock_pi wake_op-p",
     "of a shared mapping of a tmpfs file, written; it went to swap; then read",
     "map a shared\nmap f private\nbefore: write a V; swapout a; write f 0; read a\ncpu 0: "},
};

// T is the acting CPU's number: its task's id is tidT.
struct Operation {
    const char* name;
    const char* initial; // the word before
    const char* verb;
    const char* after; // the word afterwards
    const char* what;
};

constexpr Operation OPERATIONS[] = {
    {"wake", "0", "wake a", "0", "FUTEX_WAKE without waiters"},
    {"cmp_requeue", "0", "cmp_requeue a 0 f", "0", "FUTEX_CMP_REQUEUE without waiters"},
    {"wake_op", "0", "wake_op f a", "1", "FUTEX_WAKE_OP, which adds 1 to the word"},
    {"wake_op-p", "0", "wake_op-p f a", "1", "FUTEX_WAKE_OP, private, which adds 1 to the word"},
    {"lock_pi", "0", "lock_pi a", "tidT", "FUTEX_LOCK_PI of a free lock"},
    {"lock_pi-p", "0", "lock_pi-p a", "tidT", "FUTEX_LOCK_PI, private, of a free lock"},
    {"lock_pi-p-own", "tidT", "lock_pi-p a", "tidT", "FUTEX_LOCK_PI, private, of our own lock"},
    {"lock_pi2", "0", "lock_pi2 a", "tidT", "FUTEX_LOCK_PI2 of a free lock"},
    {"trylock_pi", "0", "trylock_pi a", "tidT", "FUTEX_TRYLOCK_PI of a free lock"},
    {"unlock_pi", "tidT", "unlock_pi a", "0", "FUTEX_UNLOCK_PI of our own lock"},
    {"unlock_pi-p", "tidT", "unlock_pi-p a", "0", "FUTEX_UNLOCK_PI, private, of our own lock"},
};

constexpr struct {
    const char* name;
    const char* about;
    const char* script;
    const char* settings = "";
} STORIES[] = {
    {"original-report",
     "The report of July 2011: a process-shared PI mutex, held by the parent; the child's compare-and-swap "
     "only reads before it asks the kernel.",
     "map m shared\nbefore: lock m; fork 1\ncpu 0: await m; unlock m\ncpu 1: lock m; unlock m\nafter: expect m 0"},
    {"original-report.wrote",
     "The same mutex, contended by a child that has written the page before: nothing to repair.",
     "map m shared\nbefore: lock m; fork 1\ncpu 0: await m; unlock m\ncpu 1: write m.1 1; lock m; unlock m\nafter: "
     "expect m "
     "0"},
    {"original-report.trylock",
     "The same mutex, only tried by the child: user space finds it taken without the kernel.",
     "map m shared\nbefore: lock m; fork 1\ncpu 1: cmpxchg m 0 tid\nafter: expect m tid0"},
    {"original-report.uncontended",
     "The same mutex, free when the child takes it: the child's own write faults, and the child does not call the "
     "kernel.",
     "map m shared\nbefore: write m 0; fork 1\ncpu 1: lock m; unlock m\nafter: expect m 0"},
    {"second-waiter.lock_pi",
     "LOCK_PI as the second waiter, the page only read: the kernel finds the first waiter and need not write.",
     "map m shared\nbefore: lock m; fork 1; fork 2\nbefore 1: write m.1 1\nbefore 2: read m\ncpu 0: await m 2; unlock "
     "m\n"
     "cpu 1: lock m; unlock m\ncpu 2: await m; lock_pi m; write m.2 1; unlock m\nafter: expect m 0"},
    {"second-waiter.unlock_pi",
     "UNLOCK_PI by the second waiter, which owns the lock in the end: the write goes through its clean entry.",
     "map m shared\nbefore: lock m; fork 1; fork 2\nbefore 1: write m.1 1\nbefore 2: read m\ncpu 0: await m 2; unlock "
     "m\n"
     "cpu 1: lock m; unlock m\ncpu 2: await m; lock_pi m; unlock_pi m\nafter: expect m 0"},
    {"alias-read.unlock_pi-waiter",
     "UNLOCK_PI with a waiter, through a second mapping that was only read: the hand-over writes through a clean "
     "entry.",
     "map m shared\nmap a of m shared\nbefore: write m tid0; fork 1\nbefore 1: write m.1 1\ncpu 0: await m; read a; "
     "unlock_pi "
     "a\ncpu 1: lock_pi m; unlock_pi m\nafter: expect m 0"},
    {"stale.two-processes",
     "The mutex of the first report, and a TLB that is behind: the child's two threads run on CPUs 1 "
     "and 2. CPU 1 has read the page, then CPU 2 has written beside the mutex.",
     "map m shared\nbefore: lock m; fork 1\nbefore 1: thread 2; read m\nbefore 2: write m.1 7\ncpu 0: await m; unlock "
     "m\n"
     "cpu 1: lock m; unlock m\nafter: expect m 0"},
    {"broken.unmap", "With tlb=broken a thread on CPU 1 still writes to a page that CPU 0 has unmapped.",
     "map a private\nbefore: write a 0\nbefore 1: write a 1\ncpu 0: munmap a\ncpu 1: write a 2", "tlb=broken"},
    {"broken.write-protect", "With tlb=broken a thread on CPU 1 still writes to a page that CPU 0 has made read-only.",
     "map a private\nbefore: write a 0\nbefore 1: write a 1\ncpu 0: mprotect a r\ncpu 1: write a 2", "tlb=broken"},
    {"broken.fork", "With tlb=broken a thread on CPU 1 still writes to a page that fork has shared with a child.",
     "map a private\nbefore: write a 0\nbefore 1: write a 1\ncpu 0: fork\ncpu 1: write a 2", "tlb=broken"},
};

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

bool has_word(std::string_view list, std::string_view word) {
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t end = std::min(list.find(' ', at), list.size());
        if (list.substr(at, end - at) == word)
            return true;
        at = end + 1;
    }
    return false;
}

Scenario combine(const State& state, const Operation& operation) {
    const std::string script = state.script;
    const std::string cpu(1, script[script.rfind("cpu ") + 4]);
    const std::string after = "\nafter " + cpu + ": expect a " + operation.after;
    const std::string whole = replaced(script, "V", operation.initial) + operation.verb + after;
    return {.name = std::string(state.name) + "." + operation.name,
            .about = "The page: " + std::string(state.what) + ". The operation: " + operation.what + ".",
            .script = replaced(whole, "tidT", "tid" + cpu)};
}

} // namespace

std::vector<Scenario> scenarios() {
    std::vector<Scenario> all;
    for (const auto& story : STORIES)
        all.push_back({story.name, story.about, story.script, story.settings});
    for (const State& state : STATES)
        for (const Operation& operation : OPERATIONS)
            if (has_word(state.operations, operation.name))
                all.push_back(combine(state, operation));
    return all;
}

} // namespace faultline::interleave
