// Page-table entries in words, for panics and reports. Portable.
#pragma once

#include <cstddef>

#include "arch/contract/pte.hpp"

namespace faultline {

// Writes for instance "frame 0x41234 present young clean write user noexec shared", or "swap area 0 slot 12". Each bit has a word, and most of
// them have one for its absence too (old, clean, read-only, no-user). Writes at most `size` bytes with the NUL, and
// returns the length written without it.
std::size_t describe_pte(Pte pte, char* buffer, std::size_t size);

} // namespace faultline
