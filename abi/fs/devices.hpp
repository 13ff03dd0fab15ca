// Character devices by number, and the ones that are memory only: null, zero, full, random, urandom
// (Linux: drivers/char/mem.c; numbers: Documentation/admin-guide/devices.txt).
#pragma once

#include "abi/fs/file.hpp"

namespace faultline {

// What opening a device with this number (major << 8 | minor) gives; nullptr: there is no such device (NXIO).
const FileOps* chrdev_ops(u32 rdev);

// Makes /dev with its devices, /dev/shm, /tmp and /proc where the initramfs did not. At boot.
void make_standard_tree();

} // namespace faultline
