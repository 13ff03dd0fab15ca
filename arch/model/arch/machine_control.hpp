// Ending the machine. A test's harness says what that means: it throws.
#pragma once

#include "base/types.hpp"

namespace faultline {

[[noreturn]] void machine_exit(u8 status);

} // namespace faultline
