// The self-test kernel: instead of process 1 it runs the contract suite on the emulated machine itself, and compares
// the modelled walker with this CPU's own. Ends the machine: 0 if everything held, 1 if not.
#include "kernel/start_init.hpp"

#include <arch/machine_control.hpp>

#include "abi/process/first_process.hpp"
#include "kernel/debug/printk.hpp"
#include "mm/page_alloc.hpp"
#include "tests/contract/contract.hpp"
#include "tests/contract/differential.hpp"
#include "tests/contract/kernel/stacks.hpp"

namespace faultline {

namespace contract {

namespace {

constinit u32 failures = 0; // of the running test

} // namespace

void fail(const char* expression, const char* file, int line) {
    console_printf("  %s:%d: %s\n", file, line, expression);
    ++failures;
}

namespace {

struct Tally {
    u32 passed = 0, failed = 0;
    void count(const char* name, bool ok) {
        console_printf("%s %s\n", ok ? "ok    " : "FAILED", name);
        ++(ok ? passed : failed);
    }
};

// Runs one test. Afterwards every page that it took must be free again.
void run(const Test& test, Tally& tally) {
    failures = 0;
    const u32 free_before = nr_free_pages();
    test.run();
    if (const u32 free_after = nr_free_pages(); free_after != free_before)
        fail("all pages are free again", test.name, static_cast<int>(free_after - free_before));
    tally.count(test.name, failures == 0);
}

void run_everything(void*) {
    Tally tally;
    for_each_test([&](const Test& test) { run(test, tally); });
    for (const Test& test : stack_tests())
        run(test, tally);
    for (u32 seed = 1; seed <= 4; ++seed)
        tally.count("walker: the model agrees with the CPU", differential::run_walker_differential(seed, 500) == 0);
    console_printf("self-test: %u passed, %u failed\n", tally.passed, tally.failed);
    machine_exit(tally.failed == 0 ? 0 : 1);
}

} // namespace
} // namespace contract

void start_init() { start_first_process(contract::run_everything, nullptr); }

} // namespace faultline
