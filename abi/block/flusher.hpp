// The flusher: the kernel task that writes dirty pages back in time (Linux: the worker of a backing device, wb_workfn).
#pragma once

#include "abi/task/worker.hpp"

namespace faultline {

// Started if there is a device. It is called when many pages are dirty, and when its period has changed
// (dirty_limits.writeback_centisecs): that begins anew then.
extern Worker flusher;

} // namespace faultline
