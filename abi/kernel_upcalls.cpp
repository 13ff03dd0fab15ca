// Reads struct timespec for the futexes (kernel/upcalls.hpp). The other upcalls are defined in the files of their
// concepts.
#include "abi/arguments/timespec.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

Result<u64> get_timespec32(UserAddr from) { return get_timespec<Timespec32>(from); }
Result<u64> get_timespec64(UserAddr from) { return get_timespec<Timespec64>(from); }

} // namespace faultline
