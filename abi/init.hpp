// Initialises abi/ at boot, in the order in which its directories depend on each other.
#pragma once

#include "base/result.hpp"

namespace faultline {

// Creates the structures of every directory of abi/, among them an empty root directory for the first process. Call
// once, on the boot CPU, after init_scheduler() and the slab.
void init_abi();

// Fills the tree of files: unpacks the archive at [initramfs, initramfs + bytes) (nullptr: none), and adds /dev, /tmp,
// /proc, the terminal and the ports. Call once, in process 1, after init_abi(); interrupts may be on or off. Panics if
// memory runs out. The archive's memory may be freed afterwards.
void init_filesystem(const void* initramfs, u32 bytes);

// Sets what depends on how much memory there is: the limits of the root file system, and the reserves of promised memory.
// Call once, after init_filesystem(), when the archive's memory is free.
void init_memory_limits();

// Opens descriptors 0, 1 and 2 of current, whose table is empty: the ports "stdin", "stdout" and "stderr", or
// /dev/console in place of a port that the host does not supply. NOMEM.
Result<void> open_init_console();

} // namespace faultline
