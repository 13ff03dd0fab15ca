// The kernel's own functions by address, from the table that the build embeds (Linux: kernel/kallsyms.c).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct Symbol {
    const char* name = nullptr; // nullptr: not an address of the kernel's text, or no table is embedded
    u32 offset = 0;             // of the address from the function's start
};

// The function that `address` lies in.
Symbol kallsyms_lookup(u32 address);

// Whether `address` is one of the kernel's instructions (Linux: kernel_text_address).
bool kernel_text_address(u32 address);

} // namespace faultline
