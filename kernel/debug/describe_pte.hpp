// Page-table entries in words, for panics and reports. Portable.
#pragma once

#include <cstddef>

#include "arch/contract/pte.hpp"

namespace faultline {

// "frame 0x41234 present young clean write user noexec shared": every bit by its name, or by that of its
// absence where the absence is what matters (old, clean, read-only, kernel). Returns the length written.
std::size_t describe_pte(Pte pte, char* buffer, std::size_t size);

} // namespace faultline
