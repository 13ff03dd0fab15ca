// The small machine that pressure_random_test.cpp puts under pressure: its address spaces, its disk and its swap areas, and the
// laws that hold of all of it between two operations.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "interleave/modelled_disk.hpp"
#include "interleave/modelled_swap.hpp"
#include "tests/contract/contract.hpp"
#include "tests/host/harness.hpp"

namespace faultline::pressure {

inline constexpr u32 WINDOW_PAGES = 32;
inline constexpr UserAddr WINDOW(0x20000000 - 20 * PAGE_SIZE); // in two page tables
constexpr UserAddr address_of(u32 page) { return WINDOW + page * PAGE_SIZE; }

struct Machine {
    explicit Machine(const model::Configuration& configuration) : host(configuration) {}

    harness::Host host;
    u32 free_at_start = 0;
    std::unique_ptr<contract::TestMm> root; // which is current while others come and go
    std::unique_ptr<ModelledDisk> disk;
    std::vector<std::unique_ptr<contract::TestMm>> spaces;
    std::array<std::unique_ptr<ModelledSwap>, 3> swaps;
    std::vector<PageRef> pins;

    // After a failure: the kernel's locks and lists may be anyhow, so that nothing may be ended in order. What is left of the
    // objects stays where it is.
    void abandon();
};

// Throws Broken if a law is broken: the entries of all page tables, the pages, the slots, and all that counts them agree.
void check_laws(Machine& machine);

} // namespace faultline::pressure
