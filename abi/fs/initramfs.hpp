// The initial tree: cpio archives in the "newc" format (cpio(5)), which the loader put into memory.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Unpacks all archives in [data, data + bytes) into the tree. Zero bytes may separate archives. A later file replaces
// an earlier one of the same name. A damaged archive causes a warning, and unpacking stops there. Called at boot, after
// init_inodes(). Everything is copied, so the caller may free the memory afterwards.
void unpack_initramfs(const void* data, u32 bytes);

} // namespace faultline
