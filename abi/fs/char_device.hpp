// Character devices by number. Each directory that has one registers it. (The numbers are those of Linux,
// Documentation/admin-guide/devices.txt.)
#pragma once

#include "abi/fs/file.hpp"

namespace faultline {

struct CharDevice {
    u32 rdev = 0;               // major << 8 | minor
    const char* path = nullptr; // of the node; absolute
    const FileOps* ops = nullptr;
    u32 permissions = 0;        // of the node: mode bits
    CharDevice* next = nullptr; // in the registry
};

// Adds a device to the registry and makes its node in the tree. `device` and its path must stay valid. Called at boot,
// after make_standard_tree(); panics without memory.
void register_chrdev(CharDevice& device);

// The operations of the device with this number (major << 8 | minor); nullptr if there is none (open(2): NXIO).
const FileOps* chrdev_ops(u32 rdev);

} // namespace faultline
