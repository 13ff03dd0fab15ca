// The registry of devices, their page cache, and the figures.
#include "abi/block/block_device.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "arch/contract/clock.hpp"
#include "base/format.hpp"
#include "kernel/debug/printk.hpp"
#include "mm/page_writeback.hpp"

namespace faultline {

namespace {

constinit BlockDevice* devices = nullptr; // complete after boot

void begin_request(BlockDevice& device) {
    const Guard lock(device.stats_lock);
    if (device.stats.in_flight++ == 0)
        device.stats.busy_since_ns = clock_ns();
}

void end_request(BlockDevice& device, BlockOp op, u64 bytes, u64 started_ns) {
    const u64 now = clock_ns();
    const Guard lock(device.stats_lock);
    BlockStats::Direction& direction = device.stats.of[static_cast<u32>(op)];
    ++direction.ios;
    direction.sectors += bytes >> SECTOR_SHIFT;
    direction.ns += now - started_ns;
    if (--device.stats.in_flight == 0)
        device.stats.busy_ns += now - device.stats.busy_since_ns;
}

// One request, counted; a failed one is told to the log. (Linux: submit_bio_wait.)
Result<void> submit_wait(BlockDevice& device, BlockOp op, u64 sector, std::span<const BioVec> data) {
    u64 bytes = 0;
    for (const BioVec& piece : data)
        bytes += piece.bytes;
    const u64 started = clock_ns();
    begin_request(device);
    const auto done = device.request(device, op, sector, data);
    end_request(device, op, bytes, started);
    if (!done) {
        static constexpr const char* NAMES[] = {"READ", "WRITE", "FLUSH"};
        static constinit RateLimit limit;
        printk_ratelimited(limit, "I/O error", KERN_ERR, "I/O error, dev %s, sector %llu op %s", device.name,
                           static_cast<unsigned long long>(sector), NAMES[static_cast<u32>(op)]);
    }
    return done;
}

// Reads or writes pages that follow one another, as far as they lie on the device, in as few requests as it takes.
Result<void> transfer_pages(AddressSpace& mapping, BlockOp op, std::span<Page* const> pages) {
    BlockDevice& device = bdev_of(mapping);
    std::array<BioVec, IO_PAGES_MAX> pieces;
    while (!pages.empty()) {
        const u64 position = u64{pages.front()->index} << PAGE_SHIFT;
        u32 count = 0;
        for (u64 at = position; count < std::min<std::size_t>(pages.size(), device.max_segments) && at < device.bytes();
             at += PAGE_SIZE, ++count)
            pieces[count] = {page_address(*pages[count]),
                             static_cast<u32>(std::min<u64>(PAGE_SIZE, device.bytes() - at))};
        if (count == 0)
            return {}; // the rest lies behind the end
        TRY_VOID(submit_wait(device, op, position >> SECTOR_SHIFT, {pieces.data(), count}));
        pages = pages.subspan(count);
    }
    return {};
}

// Behind the end of the device a page reads as zeros.
void clear_behind_end(const BlockDevice& device, const Page& page) {
    const u64 position = u64{page.index} << PAGE_SHIFT;
    const u32 valid =
        position < device.bytes() ? static_cast<u32>(std::min<u64>(PAGE_SIZE, device.bytes() - position)) : 0;
    std::memset(static_cast<u8*>(page_address(page)) + valid, 0, PAGE_SIZE - valid);
}

Result<void> blkdev_readahead(AddressSpace& mapping, std::span<Page* const> pages) {
    TRY_VOID(transfer_pages(mapping, BlockOp::Read, pages));
    for (const Page* page : pages)
        clear_behind_end(bdev_of(mapping), *page);
    return {};
}

Result<void> blkdev_writepages(AddressSpace& mapping, std::span<Page* const> pages) {
    return transfer_pages(mapping, BlockOp::Write, pages);
}

const char* blkdev_name(AddressSpace& mapping, char* buffer, u32 size) {
    snprintf(buffer, size, "/dev/%s", bdev_of(mapping).name);
    return buffer;
}

constexpr AddressSpaceOps def_blk_aops{
    .readahead = blkdev_readahead,
    .writepages = blkdev_writepages,
    .flush = [](AddressSpace& mapping) { return blkdev_issue_flush(bdev_of(mapping)); },
    .get = [](AddressSpace&) {}, // a device stays
    .put = [](AddressSpace&) {},
    .name = blkdev_name,
};

} // namespace

void add_disk(BlockDevice& device) {
    device.mapping.device = &device;
    device.mapping.ops = &def_blk_aops;
    device.mapping.size = device.bytes();
    device.mapping.inode = next_inode_number();
    device.mapping.ra_pages = IO_PAGES_MAX;
    BlockDevice** end = &devices;
    while (*end != nullptr)
        end = &(*end)->next;
    *end = &device;
}

BlockDevice* find_blkdev(u32 rdev) {
    BlockDevice* device = devices;
    while (device != nullptr && device->rdev != rdev)
        device = device->next;
    return device;
}

BlockDevice* first_blkdev() { return devices; }

BlockDevice& bdev_of(AddressSpace& mapping) { return *static_cast<BlockMapping&>(mapping).device; }

Result<void> bdev_rw_page(BlockDevice& device, BlockOp op, u64 sector, Page& page) {
    const BioVec piece{page_address(page), PAGE_SIZE};
    return submit_wait(device, op, sector, {&piece, 1});
}

Result<void> blkdev_issue_flush(BlockDevice& device) {
    return device.has_cache ? submit_wait(device, BlockOp::Flush, 0, {}) : Result<void>();
}

void sync_blockdev(BlockDevice& device) { filemap_write_and_wait_range(device.mapping); }

BlockStats block_stats(BlockDevice& device) {
    const Guard lock(device.stats_lock);
    BlockStats now = device.stats;
    if (now.in_flight != 0)
        now.busy_ns += clock_ns() - now.busy_since_ns;
    return now;
}

void drop_block_caches() {
    for (BlockDevice* device = first_blkdev(); device != nullptr; device = device->next)
        invalidate_mapping_pages(device->mapping);
}

} // namespace faultline
