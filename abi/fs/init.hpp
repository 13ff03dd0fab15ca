// Bringing up the file system, once, at boot.
#pragma once

#include "base/result.hpp"

namespace faultline {

// The root directory, empty: what the first process is given to stand in. Needs the slab.
void init_tree();

// Fills the tree: the initramfs [initramfs, initramfs + bytes) (nullptr: none), /dev, /tmp and /proc, the
// terminal and the ports. Once, after init_tree(); interrupts may be on or off. Panics if memory runs out.
// The archive's memory may be freed afterwards.
void init_filesystem(const void* initramfs, u32 bytes);

// Gives current, whose table is empty, its descriptors 0, 1 and 2: the ports "stdin", "stdout" and "stderr"
// if the host supplies them, else /dev/console. NOMEM.
Result<void> open_init_console();

} // namespace faultline
