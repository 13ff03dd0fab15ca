// Character devices by number (Linux: numbers in Documentation/admin-guide/devices.txt). Each room that has one registers it.
#pragma once

#include "abi/fs/file.hpp"

namespace faultline {

struct CharDevice {
    u32 rdev = 0; // major << 8 | minor
    const char* path = nullptr;
    const FileOps* ops = nullptr;
    u32 permissions = 0;
    CharDevice* next = nullptr; // the registry's
};

// Makes the device known, and its node in the tree. `device` and its path stay. At boot, after make_standard_tree().
void register_chrdev(CharDevice& device);

// What opening a device with this number gives; nullptr: there is no such device (NXIO).
const FileOps* chrdev_ops(u32 rdev);

} // namespace faultline
