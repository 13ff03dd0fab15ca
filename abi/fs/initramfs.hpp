// The initial tree: cpio archives ("newc": cpio(5)) that the loader put into memory.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Unpacks every archive in [data, data + bytes) into the tree; archives may follow each other with zero bytes
// in between, and what comes later wins. A damaged archive costs a warning, and nothing after the damage is
// unpacked. At boot, after init_inodes(). The memory may be freed afterwards: everything was copied.
void unpack_initramfs(const void* data, u32 bytes);

} // namespace faultline
