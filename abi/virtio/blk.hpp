// The virtio block devices (virtio 1.0, section 5.2): disks. /dev/vda is the one that was given to QEMU first.
#pragma once

#include "base/types.hpp"

namespace faultline {

inline constexpr u32 VIRTBLK_MAJOR = 254; // Linux takes the first free one, which is this
inline constexpr u32 VIRTBLK_MINORS = 16; // of each disk: itself, and room for partitions, which are not looked for
inline constexpr u32 VIRTBLK_DISKS = 16;  // at most; others are named in the log and left alone

// Finds the disks among the machine's virtio transports and adds them (add_disk). Called at boot, after the interrupt
// controller.
void init_virtio_blk();

} // namespace faultline
