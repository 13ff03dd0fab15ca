// The self-test kernel: instead of process 1 it runs the contract suite on the emulated machine itself, and compares
// the modelled walker with this CPU's own. Ends the machine: 0 if everything held, 1 if not.
#include "kernel/start_init.hpp"

#include <arch/machine_control.hpp>

#include "abi/process/first_process.hpp"
#include "base/assert.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/debug/trace.hpp"
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

constinit u32 recorded_before[machine::MAX_CPUS] = {};

} // namespace

void trace_begin(StationMask stations) {
    BUG_ON(!trace_start({.stations = stations}).ok());
    for (u32 cpu = 0; cpu < machine::MAX_CPUS; ++cpu)
        recorded_before[cpu] = trace_control.rings[cpu].written;
}

u32 trace_end(std::span<TraceRecord> records) {
    trace_stop();
    u32 count = 0;
    TraceReader reader(recorded_before);
    for (TraceRecord record; count < records.size() && reader.next(record);)
        if (record.station != Station::TaskRename)
            records[count++] = record;
    return count;
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
    BUG_ON(!trace_start({}).ok()); // makes the rings, which stay
    trace_stop();
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
