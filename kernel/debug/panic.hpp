// The end of the machine, told readably. panic() itself is declared in base/assert.hpp, die() in
// arch/contract/upcalls.hpp.
#pragma once

#include <cstddef>

#include "arch/contract/upcalls.hpp"
#include "base/assert.hpp"

namespace faultline {

// The status with which a panic ends the machine.
inline constexpr u8 PANIC_STATUS = 71;

// The calling chain from here, or from an exception, as lines on the console.
void dump_stack();
void dump_stack(const PtRegs& regs);

// What the current task's page tables say about `address`: the software entry and the hardware descriptor, in
// words. False if there is nothing to say. Takes no lock, for it serves panics; kernel/debug/dump.cpp.
bool describe_address(u32 address, char* buffer, std::size_t size);

} // namespace faultline
