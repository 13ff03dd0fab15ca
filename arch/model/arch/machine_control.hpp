// Ending the machine. The test harness defines what that means: it throws an exception.
#pragma once

#include "base/types.hpp"

namespace faultline {

[[noreturn]] void machine_exit(u8 status);

} // namespace faultline
