// Defines siglock.
#include "abi/task/siglock.hpp"

namespace faultline {

constinit RecursiveSpinLock siglock("siglock");

} // namespace faultline
