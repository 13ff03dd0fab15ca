// Open files of block devices: /dev/vda and the like. (Linux: block/fops.c, block/ioctl.c.)
#pragma once

#include "abi/fs/file.hpp"

namespace faultline {

// The operations of every S_IFBLK node; open(2) finds the device by its number. NXIO: there is none.
extern const FileOps def_blk_fops;

// Makes a node in /dev for each device. At boot, after the drivers.
void make_block_nodes();

// Whether the file is that of a device that cannot be written: a shared mapping that may be written is then INVAL.
bool is_read_only_device(const File& file);

} // namespace faultline
