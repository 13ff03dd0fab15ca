// Emptying a swap area. (Linux: try_to_unuse, mm/swapfile.c.)
#pragma once

#include "base/result.hpp"

namespace faultline {

// Brings back every page that is in the area, which gets no new ones meanwhile. NOMEM, IO, INTR: some have come back. Sleeps, for
// long; no lock held.
Result<void> try_to_unuse(u32 type);

} // namespace faultline
