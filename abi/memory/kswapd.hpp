// kswapd: the kernel task that frees pages before programs must do it themselves. (Linux: mm/vmscan.c.)
#pragma once

namespace faultline {

// Makes the task. Once, at boot, if there is anything that can be reclaimed. Panics without memory.
void start_kswapd();

} // namespace faultline
