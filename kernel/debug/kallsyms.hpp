// The kernel's functions by address, from a table that the build embeds (Linux: kernel/kallsyms.c).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct Symbol {
    const char* name = nullptr; // nullptr: the address is not in the kernel's text, or no table is embedded
    u32 offset = 0;             // bytes from the function's start to the address
};

// The function that contains `address`.
Symbol kallsyms_lookup(u32 address);

// The same in words: "function+0x1c", or the number alone. (Linux: the same name.)
struct SymbolText {
    char text[96];
};
SymbolText sprint_symbol(u32 address);

// Whether `address` lies in the kernel's text (Linux: kernel_text_address).
bool kernel_text_address(u32 address);

} // namespace faultline
