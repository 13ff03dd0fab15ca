// The number of buckets: as many as the CPUs need, and no more than memory allows.
#include <catch2/catch.hpp>

#include "kernel/futex/queue.hpp"
#include "mm/page_alloc.hpp"
#include "tests/host/harness.hpp"

using namespace faultline;

TEST_CASE("futex buckets: 1024 for each CPU, rounded up to a power of two") {
    const auto [cpus, buckets] = GENERATE(std::pair(1u, 1024u), std::pair(2u, 2048u), std::pair(3u, 4096u));
    CAPTURE(cpus);
    const harness::Host host({.cpus = cpus, .ram_bytes = 512u << 20});
    CHECK(futex_nr_buckets() == buckets);
}

TEST_CASE("futex buckets: the largest power of two that takes no more than a 1024th of memory") {
    const u32 ram = GENERATE(1u << 20, 16u << 20);
    CAPTURE(ram);
    const harness::Host host({.cpus = 8, .ram_bytes = ram});
    const u64 bytes = u64{futex_nr_buckets()} * sizeof(FutexHashBucket);
    const u64 memory = u64{nr_total_pages()} * PAGE_SIZE;
    CHECK(futex_nr_buckets() < 8 * 1024);
    CHECK(bytes * 1024 <= memory);
    CHECK(bytes * 2 * 1024 > memory);
}
