// Runs the contract suite on the host, each test on a machine of its own, under every policy that a TLB may have.
#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "arch/model/trace.hpp"
#include "arch/model/with_tlb_config.hpp"
#include "tests/contract/contract.hpp"
#include "tests/host/harness.hpp"

namespace faultline::contract {

void fail(const char* expression, const char* file, int line) { FAIL_CHECK(file << ":" << line << ": " << expression); }

void trace_begin(StationMask stations) { model::trace_start(stations); }

u32 trace_end(std::span<TraceRecord> records) {
    const std::vector<TraceRecord> recorded = model::trace_stop();
    const auto count = std::min(recorded.size(), records.size());
    std::copy_n(recorded.begin(), count, records.begin());
    return static_cast<u32>(count);
}

namespace {

void run_suite(const model::TlbPolicy& policy) {
    for_each_test([&](const Test& test) {
        DYNAMIC_SECTION(test.name) {
            harness::Host host({.cpus = 1, .tlb = policy});
            test.run();
        }
    });
}

} // namespace

TEST_CASE("contract suite, a TLB that keeps everything", "[contract]") { run_suite({}); }
TEST_CASE("contract suite, a TLB that evicts at random", "[contract]") { run_suite({.evict = true, .seed = 7}); }
TEST_CASE("contract suite, a TLB that prefetches", "[contract]") { run_suite({.prefetch = true, .seed = 11}); }
TEST_CASE("contract suite, a TLB that does both", "[contract]") {
    run_suite({.evict = true, .prefetch = true, .seed = 13});
}
TEST_CASE("contract suite, a machine that sets young and dirty", "[contract]") {
    const WithAdBits hardware(AdBits::Hardware); // a walker cannot: there it is the first one again
    run_suite({});
}

} // namespace faultline::contract
