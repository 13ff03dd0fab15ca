// Nothing sleeps, and nothing that may sleep is called, while page faults are disabled.
#include <catch2/catch.hpp>

#include "kernel/sched/sched.hpp"
#include "mm/memory.hpp"
#include "tests/contract/contract.hpp"
#include "tests/host/harness.hpp"
#include "tests/host/panic.hpp"

namespace faultline {

TEST_CASE("schedule() panics while page faults are disabled", "[sched]") {
    const harness::Host host;
    const PagefaultDisabled atomic;
    CHECK_THROWS_WITH(schedule(), Catch::Contains("atomic"));
}

TEST_CASE("handle_mm_fault() panics while page faults are disabled", "[mm]") {
    const harness::Host host;
    contract::TestMm test;
    const UserAddr address = test.map_anon(1);
    const MmapReadGuard mmap_read(test.mm());
    const FoundVma vma = vma_lookup(mmap_read, address);
    const PagefaultDisabled atomic;
    CHECK_THROWS_AS(handle_mm_fault(mmap_read, *vma, address, FAULT_FLAG_WRITE), KernelPanic);
}

} // namespace faultline
