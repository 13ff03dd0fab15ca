// When kswapd runs: as an allocation finds that there are few free pages.
#include "abi/memory/kswapd.hpp"

#include "abi/task/worker.hpp"
#include "mm/upcalls.hpp"
#include "mm/vmscan.hpp"

namespace faultline {

namespace {

constinit Worker kswapd("kswapd0", [] { static_cast<void>(balance_pgdat()); });

} // namespace

void start_kswapd() { kswapd.start(); }
void wakeup_kswapd() { kswapd.call(); }

} // namespace faultline
