// What kswapd does when it is called.
#include "abi/memory/kswapd.hpp"

#include "mm/vmscan.hpp"

namespace faultline {

constinit Worker kswapd("kswapd0", [] { static_cast<void>(balance_pgdat()); });

} // namespace faultline
