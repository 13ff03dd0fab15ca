// The flusher: the kernel task that writes dirty pages back in time (Linux: the worker of a backing device, wb_workfn).
#pragma once

namespace faultline {

// Makes the task. Once, at boot, if there is a device. Panics without memory.
void start_flusher();

// The period has changed (dirty_limits.writeback_centisecs): it begins anew. (Linux: dirty_writeback_centisecs_handler.)
void restart_flusher_period();

} // namespace faultline
