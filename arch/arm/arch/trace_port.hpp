// A way out of the machine for trace records alone, beside the console and the program's own output.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Opens the port. False: nobody listens. Once, at boot.
bool trace_port_open();

// Writes `bytes` bytes. False: they did not arrive. What one call writes stays together, whatever other CPUs write meanwhile.
// Callable anywhere.
bool trace_port_write(const void* data, u32 bytes);

} // namespace faultline
