// Bringing up abi/ at boot, in the order in which its rooms need each other.
#pragma once

#include "base/result.hpp"

namespace faultline {

// Makes every room's structures, empty: the first process finds a root directory to stand in. Once, on the boot CPU, after
// init_scheduler(). Needs the slab.
void init_abi();

// Fills the tree: the initramfs [initramfs, initramfs + bytes) (nullptr: none), /dev, /tmp and /proc, the
// terminal and the ports. Once, in process 1, after init_abi(); interrupts may be on or off. Panics if memory runs out.
// The archive's memory may be freed afterwards.
void init_filesystem(const void* initramfs, u32 bytes);

// Gives current, whose table is empty, its descriptors 0, 1 and 2: the ports "stdin", "stdout" and "stderr"
// if the host supplies them, else /dev/console. NOMEM.
Result<void> open_init_console();

} // namespace faultline
