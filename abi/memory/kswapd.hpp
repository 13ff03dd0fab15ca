// kswapd: the kernel task that frees pages before programs must do it themselves. (Linux: mm/vmscan.c.)
#pragma once

#include "abi/task/worker.hpp"

namespace faultline {

// Started if there is anything that can be reclaimed. It is called when an allocation finds that few pages are free.
extern Worker kswapd;

} // namespace faultline
