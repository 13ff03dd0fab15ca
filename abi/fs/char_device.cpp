// The registry: a linked list, because there are few devices.
#include "abi/fs/char_device.hpp"

#include <linux/stat.h>

#include "abi/fs/file.hpp"
#include "abi/fs/namei.hpp"

namespace faultline {

namespace {
constinit CharDevice* devices = nullptr; // in the order of registration
} // namespace

void register_chrdev(CharDevice& device) {
    CharDevice** end = &devices;
    while (*end != nullptr)
        end = &(*end)->next;
    *end = &device;
    make_device(device.path, S_IFCHR | device.permissions, device.rdev);
}

const FileOps* chrdev_ops(u32 rdev) {
    for (const CharDevice* device = devices; device != nullptr; device = device->next)
        if (device->rdev == rdev)
            return device->ops;
    return nullptr;
}

} // namespace faultline
