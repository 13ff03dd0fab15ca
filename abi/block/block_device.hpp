// Block devices: what drivers offer, and the page cache that each device has (Linux: struct block_device, block/bdev.c).
// Open files of a device are in abi/fs/block_file.cpp.
#pragma once

#include <span>

#include "base/result.hpp"
#include "base/spinlock.hpp"
#include "mm/filemap.hpp"

namespace faultline {

inline constexpr u32 SECTOR_SHIFT = 9; // a sector has 512 bytes, whatever the device's block size is
inline constexpr u32 SECTOR_BYTES = 1u << SECTOR_SHIFT;

// A piece of memory in the linear mapping, whole sectors.
struct BioVec {
    void* data;
    u32 bytes;
};

enum class BlockOp : u8 { Read, Write, Flush };

// For /proc/diskstats (Linux: struct disk_stats). Times in nanoseconds.
struct BlockStats {
    struct Direction {
        u32 ios = 0;
        u64 sectors = 0, ns = 0;
    };
    Direction of[3]; // by BlockOp
    u32 in_flight = 0;
    u64 busy_ns = 0, busy_since_ns = 0; // the time in which a request was in flight; the second if one is
};

struct BlockDevice;
struct BlockMapping : AddressSpace {
    BlockDevice* device = nullptr;
};

struct BlockDevice {
    char name[8] = {}; // "vda"
    u32 rdev = 0;      // major << 8 | minor
    u64 sectors = 0;   // its size
    u32 logical_block_bytes = SECTOR_BYTES;
    u32 max_segments = IO_PAGES_MAX; // in one request
    bool read_only = false;
    bool has_cache = false; // what is written is safe only after a BlockOp::Flush
    // Makes one request and returns when it is done. `data` has at most max_segments pieces, none for Flush. IO. Sleeps;
    // callable by several tasks at once, with and without the kernel lock.
    Result<void> (*request)(BlockDevice& device, BlockOp op, u64 sector, std::span<const BioVec> data) = nullptr;
    void* driver = nullptr; // the driver's own

    BlockMapping mapping;    // its page cache
    u32 open_files = 0;      // guarded by the kernel lock
    bool holds_swap = false; // so is this: it is a swap area, and no one else's (Linux: bd_holder)
    SpinLock stats_lock{"BlockStats"};
    BlockStats stats GUARDED_BY(stats_lock);
    BlockDevice* next = nullptr; // in the registry

    u64 bytes() const { return sectors << SECTOR_SHIFT; }
};

// Adds a device, which stays for ever: it can be found from now on. At boot. (Linux: the same name.)
void add_disk(BlockDevice& device);
BlockDevice* find_blkdev(u32 rdev);          // nullptr: there is none with this number
BlockDevice* first_blkdev();                 // the registry, in the order of add_disk(); nullptr: empty
BlockDevice& bdev_of(AddressSpace& mapping); // whose page cache it is

// One page to or from this place of the device, past its page cache. IO. Sleeps. (Linux: the same name.)
Result<void> bdev_rw_page(BlockDevice& device, BlockOp op, u64 sector, Page& page);

// What the device has written until now survives a power cut when this returns. IO. (Linux: the same name.)
Result<void> blkdev_issue_flush(BlockDevice& device);

// Writes all dirty pages of the device, and waits. fsync(2) tells of what fails. (Linux: the same name.)
void sync_blockdev(BlockDevice& device);

// Drops the clean pages of all devices that nobody uses. Callable without the mmap lock; takes AddressSpace::lock.
void drop_block_caches();

// The figures as of now.
BlockStats block_stats(BlockDevice& device);

} // namespace faultline
