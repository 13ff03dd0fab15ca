// Runs a program of pressure_program.hpp on a small machine beside the model.
#pragma once

#include <optional>
#include <string>

#include "arch/contract/tlb.hpp"
#include "tests/host/pressure_program.hpp"

namespace faultline::pressure {

struct Setting {
    u32 ram_pages = 128;
    bool adversarial = false; // the TLB evicts and prefetches
    AdBits ad_bits = AdBits::Software;
    u32 forgets = 0; // a fault for the test of the test: the model forgets every write of so many
};

// What went wrong, and at which step; nothing: all is as the model says, and at the end all memory and all slots were free.
std::optional<std::string> run(const Program& program, const Setting& setting);

} // namespace faultline::pressure
