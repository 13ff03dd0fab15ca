// Looks up an address in the embedded symbol table, by binary search.
#include "kernel/debug/kallsyms.hpp"

#include <algorithm>

#include "base/format.hpp"

namespace faultline {

extern "C" {
// Weak, because the table is made from the first link of the kernel and is present only in the second. The addresses
// ascend. Each offset leads to a NUL-terminated name.
[[gnu::weak]] extern const u32 kallsyms_count;
[[gnu::weak]] extern const u32 kallsyms_addresses[];
[[gnu::weak]] extern const u32 kallsyms_offsets[];
[[gnu::weak]] extern const char kallsyms_names[];
extern const char __text_start[], __text_end[]; // linker/kernel.lds
}

bool kernel_text_address(u32 address) {
    return address >= reinterpret_cast<u32>(__text_start) && address < reinterpret_cast<u32>(__text_end);
}

Symbol kallsyms_lookup(u32 address) {
    if (&kallsyms_count == nullptr || !kernel_text_address(address))
        return {};
    const u32* end = kallsyms_addresses + kallsyms_count;
    const u32* after = std::upper_bound(kallsyms_addresses, end, address);
    if (after == kallsyms_addresses)
        return {};
    const u32 index = static_cast<u32>(after - kallsyms_addresses) - 1;
    return {.name = kallsyms_names + kallsyms_offsets[index], .offset = address - kallsyms_addresses[index]};
}

SymbolText sprint_symbol(u32 address) {
    const Symbol symbol = kallsyms_lookup(address);
    SymbolText words;
    if (symbol.name != nullptr)
        snprintf(words.text, sizeof(words.text), "%s+0x%x", symbol.name, symbol.offset);
    else
        snprintf(words.text, sizeof(words.text), "0x%08x", address);
    return words;
}

} // namespace faultline
