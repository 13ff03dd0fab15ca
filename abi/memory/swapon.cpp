// Disks as swap areas: the header is read and checked, and the slots behind it belong to mm/swapfile.hpp.
#include "abi/memory/swapon.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <linux/capability.h>
#include <linux/fcntl.h>

#include "abi/block/block_device.hpp"
#include "abi/cred/cred.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "base/format.hpp"
#include "base/late.hpp"
#include "base/rwsem.hpp"
#include "kernel/debug/printk.hpp"
#include "mm/swapfile.hpp"

namespace faultline {
namespace {

// linux/swap.h
constexpr u32 SWAP_FLAG_PRIO_MASK = 0x7fff, SWAP_FLAG_PREFER = 0x8000, SWAP_FLAG_DISCARD = 0x10000,
              SWAP_FLAG_DISCARD_ONCE = 0x20000, SWAP_FLAG_DISCARD_PAGES = 0x40000;
constexpr u32 SWAP_FLAGS_VALID = SWAP_FLAG_PRIO_MASK | SWAP_FLAG_PREFER | SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_ONCE |
                                 SWAP_FLAG_DISCARD_PAGES; // to discard is advice, and the disks here take none

constexpr u32 SECTORS_PER_PAGE = PAGE_SIZE >> SECTOR_SHIFT;

// The first page of an area, as mkswap(8) writes it. (Linux: union swap_header.)
struct Header {
    static constexpr u32 MAX_BADPAGES = (PAGE_SIZE - 10 - 1536) / sizeof(u32);

    u8 bootbits[1024];
    u32 version, last_page, nr_badpages;
    u8 uuid[16], label[16];
    u32 padding[117];
    u32 badpages[MAX_BADPAGES];
    u8 unused[PAGE_SIZE - 10 - 1536 - sizeof(badpages)];
    char magic[10];
};
static_assert(sizeof(Header) == PAGE_SIZE);

struct SwapDisk : SwapDevice {
    BlockDevice* disk = nullptr; // nullptr: not in use
    u32 type = 0;                // the area's number
};
constinit std::array<SwapDisk, MAX_SWAPFILES> swap_disks;
constinit Late<RwSemaphore> swapon_mutex; // held by swapon() and swapoff() for writing; guards `swap_disks`

Result<void> transfer(SwapDevice& device, BlockOp op, u32 slot, Page& page) {
    return bdev_rw_page(*static_cast<SwapDisk&>(device).disk, op, u64{slot} * SECTORS_PER_PAGE, page);
}
Result<void> read_slot_of_disk(SwapDevice& device, u32 slot, Page& page) {
    return transfer(device, BlockOp::Read, slot, page);
}
Result<void> write_slot_of_disk(SwapDevice& device, u32 slot, Page& page) {
    const auto written = transfer(device, BlockOp::Write, slot, page);
    if (!written) { // the page stays in memory
        static constinit RateLimit limit;
        printk_ratelimited(limit, "swap", KERN_ERR, "Write-error on swap-device (%s:%u)",
                           static_cast<SwapDisk&>(device).disk->name, static_cast<unsigned>(slot));
    }
    return written;
}

BlockDevice* disk_of(const Inode& inode) { return inode.type() == S_IFBLK ? find_blkdev(inode.rdev) : nullptr; }

Result<InodeRef> swap_inode(UserAddr path) {
    if (!capable(CAP_SYS_ADMIN))
        return Err(Errno::PERM);
    return user_path(AT_FDCWD, path, LOOKUP_FOLLOW);
}

// What the header says of the slots. INVAL, with a line in the log. (Linux: read_swap_header.)
Result<SwapHeader> parse_header(const Header& header, const BlockDevice& disk) {
    const auto refuse = [](const char* why) {
        printk(KERN_ERR, "swapon: %s", why);
        return Err(Errno::INVAL);
    };
    if (std::memcmp(header.magic, "SWAPSPACE2", sizeof header.magic) != 0)
        return refuse("Unable to find swap-space signature");
    if (header.version != 1)
        return refuse("Unable to handle swap header version");
    if (header.last_page == 0)
        return refuse("Empty swap-file");
    if (header.nr_badpages > Header::MAX_BADPAGES)
        return refuse("Swap header has too many bad pages");
    if (header.last_page >= disk.bytes() >> PAGE_SHIFT)
        return refuse("Swap area shorter than signature indicates");
    return SwapHeader{std::min(header.last_page, SWAP_SLOTS_MAX - 1) + 1, header.badpages, header.nr_badpages};
}

// The disk belongs to swap from now on: what its cache has is written, and forgotten. (Linux: claim_swapfile.)
Result<void> claim(BlockDevice& disk) {
    if (disk.read_only)
        return Err(Errno::ACCES);
    sync_blockdev(disk);
    invalidate_mapping_pages(disk.mapping);
    return {};
}

Result<void> add_area(SwapDisk& area, BlockDevice& disk, s32 priority) {
    TRY_VOID(claim(disk));
    const PageRef page = alloc_page(GFP_KERNEL);
    if (!page)
        return Err(Errno::NOMEM);
    TRY_VOID(bdev_rw_page(disk, BlockOp::Read, 0, *page));
    const auto header = TRY(parse_header(*static_cast<const Header*>(page_address(*page)), disk));
    area.read = read_slot_of_disk;
    area.write = write_slot_of_disk;
    area.disk = &disk;
    const auto type = swap_on(area, header, priority);
    if (!type) {
        area.disk = nullptr;
        return Err(type.error());
    }
    area.type = type.value();
    disk.holds_swap = true;
    SwapInfo info{};
    swap_info(area.type, info);
    printk(KERN_INFO, "Adding %uk swap on /dev/%s.  Priority:%d",
           static_cast<unsigned>(info.pages * (PAGE_SIZE / 1024)), disk.name, static_cast<int>(info.priority));
    return {};
}

SwapDisk* area_of(const BlockDevice* disk) {
    for (SwapDisk& area : swap_disks)
        if (area.disk == disk)
            return &area;
    return nullptr;
}

} // namespace

void init_swapon() { swapon_mutex.emplace("swapon"); }

Result<void> sys_swapon(UserAddr path, u32 flags) {
    if ((flags & ~SWAP_FLAGS_VALID) != 0)
        return Err(Errno::INVAL);
    const InodeRef inode = TRY(swap_inode(path));
    const WriteGuard one_at_a_time(*swapon_mutex);
    BlockDevice* disk = disk_of(*inode);
    if (disk == nullptr)
        return Err(inode->type() == S_IFBLK ? Errno::NXIO : Errno::INVAL);
    if (area_of(disk) != nullptr)
        return Err(Errno::BUSY);
    SwapDisk* area = area_of(nullptr);
    if (area == nullptr)
        return Err(Errno::PERM);
    return add_area(*area, *disk, (flags & SWAP_FLAG_PREFER) != 0 ? static_cast<s32>(flags & SWAP_FLAG_PRIO_MASK) : -1);
}

Result<void> sys_swapoff(UserAddr path) {
    const InodeRef inode = TRY(swap_inode(path));
    const WriteGuard one_at_a_time(*swapon_mutex);
    const BlockDevice* disk = disk_of(*inode);
    SwapDisk* area = disk != nullptr ? area_of(disk) : nullptr;
    if (area == nullptr)
        return Err(Errno::INVAL);
    TRY_VOID(swap_off(area->type));
    area->disk->holds_swap = false;
    area->disk = nullptr;
    return {};
}

Result<void> show_swaps(const Inode&, SeqFile& out) {
    constexpr u32 KIB_PER_PAGE = PAGE_SIZE / 1024;
    out.text("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    for (const SwapDisk& area : swap_disks) {
        SwapInfo info{};
        if (area.disk == nullptr || !swap_info(area.type, info))
            continue;
        char path[sizeof "/dev/" + sizeof area.disk->name];
        snprintf(path, sizeof path, "/dev/%s", area.disk->name);
        out.text(path);
        out.pad_to(40);
        out.printf("partition\t%u\t%s%u\t%s%d\n", static_cast<unsigned>(info.pages * KIB_PER_PAGE),
                   info.pages * KIB_PER_PAGE < 10'000'000 ? "\t" : "", static_cast<unsigned>(info.used * KIB_PER_PAGE),
                   info.used * KIB_PER_PAGE < 10'000'000 ? "\t" : "", static_cast<int>(info.priority));
    }
    return {};
}

} // namespace faultline
