// How anonymous pages come into the lists of reclaim. A fault does not put them there: it would be dearer for it, and most
// memory is never short. Reclaim collects them, when it has too few inactive ones, and finds out by YOUNG which are in use. (Linux
// adds each page in its fault, in batches.)
#pragma once

#include "base/types.hpp"

namespace faultline {

inline constexpr u32 COLLECT_FRAMES = 256;

// Once; a test calls it again to start anew.
void init_anon_scan();

// Goes on through all page frames, from where it stopped, and adds the anonymous ones that are in no list to the inactive pages: a
// few, or none if COLLECT_FRAMES frames have none. Callable like try_to_free_pages().
void collect_anon_pages();

} // namespace faultline
