// The driver: a task fills a request, the device takes it from the queue, and the interrupt wakes the task.
#include "abi/virtio/blk.hpp"

#include <algorithm>
#include <array>

#include <arch/interrupts.hpp>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#include "abi/block/block_device.hpp"
#include "abi/virtio/mmio.hpp"
#include "abi/virtio/queue.hpp"
#include "base/format.hpp"
#include "base/late.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/irq_lock.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 SLOTS = 32;           // requests that one disk can have at a time
constexpr u32 MORE_DESCRIPTORS = 2; // of a request, beside its data: before it the header, behind it the status
constexpr u8 NO_STATUS = 0xff;

// What one task asks for; on its stack.
struct Request {
    virtio_blk_outhdr header; // little-endian, as this machine is
    std::span<const BioVec> data;
    bool device_writes; // to the data
    u8 status = NO_STATUS;
    Completion done{};
};

// What the device reads and writes of a request beside its data. It lies in the linear mapping, which a stack need not.
struct Slot {
    virtio_blk_outhdr header;
    u8 status;
    Slot* next_free;
    Request* request;
};
static_assert(sizeof(Slot) * SLOTS <= PAGE_SIZE);

struct VirtioBlk {
    BlockDevice device;
    VirtioMmio transport;
    SpinLock lock{"virtio-blk"}; // held with interrupts masked
    Virtqueue queue GUARDED_BY(lock){Virtqueue::MAX_SIZE};
    Slot* free_slots GUARDED_BY(lock) = nullptr;
    WaitQueue room; // tasks that wait for a slot or for descriptors
};

constinit KmemCache disk_cache("virtio-blk", sizeof(VirtioBlk), alignof(VirtioBlk));

// Gives the request to the device. False: there is no room now.
bool start_request(VirtioBlk& disk, Request& request) {
    IrqLocked lock(disk.lock);
    const u32 needed = static_cast<u32>(request.data.size()) + MORE_DESCRIPTORS;
    if (disk.free_slots == nullptr || disk.queue.free_descriptors() < needed)
        return false;
    Slot& slot = *std::exchange(disk.free_slots, disk.free_slots->next_free);
    slot.header = request.header;
    slot.status = NO_STATUS;
    slot.request = &request;
    std::array<VirtBuffer, IO_PAGES_MAX + MORE_DESCRIPTORS> chain;
    u32 count = 0;
    chain[count++] = {&slot.header, sizeof slot.header, false};
    for (const BioVec& piece : request.data)
        chain[count++] = {piece.data, piece.bytes, request.device_writes};
    chain[count++] = {&slot.status, sizeof slot.status, true};
    BUG_ON(!disk.queue.add({chain.data(), count}, &slot));
    disk.transport.notify(0);
    return true;
}

void interrupt(void* argument) {
    VirtioBlk& disk = *static_cast<VirtioBlk*>(argument);
    {
        const Guard lock(disk.lock);
        disk.transport.acknowledge_interrupt();
        u32 bytes;
        while (auto* slot = static_cast<Slot*>(disk.queue.get_used(bytes))) {
            Request& request = *slot->request;
            request.status = slot->status;
            slot->next_free = std::exchange(disk.free_slots, slot);
            complete(request.done); // from here on the request may be gone
        }
    }
    wake_up_all(disk.room);
}

Result<void> request(BlockDevice& device, BlockOp op, u64 sector, std::span<const BioVec> data) {
    static constexpr u32 TYPES[] = {VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_FLUSH};
    VirtioBlk& disk = *static_cast<VirtioBlk*>(device.driver);
    Request request{{.type = TYPES[static_cast<u32>(op)], .ioprio = 0, .sector = sector}, data, op == BlockOp::Read};
    bool started = false; // the condition is asked again after it was true
    (void)wait_event_state(
        disk.room, TaskState::Uninterruptible, [&] { return started = started || start_request(disk, request); },
        NO_DEADLINE);
    wait_for_completion(request.done);
    if (request.status != VIRTIO_BLK_S_OK)
        return Err(Errno::IO);
    return {};
}

constexpr bool has(u64 features, u32 bit) { return (features >> bit & 1) != 0; }

Result<void> start(VirtioBlk& disk, const DeviceInfo& info) {
    VirtioMmio& transport = disk.transport;
    const u64 features = TRY(transport.start(info, u64{1} << VIRTIO_BLK_F_SEG_MAX | u64{1} << VIRTIO_BLK_F_RO |
                                                       u64{1} << VIRTIO_BLK_F_BLK_SIZE | u64{1} << VIRTIO_BLK_F_FLUSH));
    PageRef page = alloc_zeroed_page(GFP_ATOMIC);
    if (!page)
        return Err(Errno::NOMEM);
    {
        IrqLocked lock(disk.lock);
        TRY_VOID(transport.setup_queue(0, disk.queue));
        auto* slots = static_cast<Slot*>(page_address(*page.release()));
        for (u32 i = 0; i < SLOTS; ++i)
            slots[i].next_free = std::exchange(disk.free_slots, &slots[i]);
    }
    BlockDevice& device = disk.device;
    device.sectors = transport.config64(offsetof(virtio_blk_config, capacity));
    device.read_only = has(features, VIRTIO_BLK_F_RO);
    device.has_cache = has(features, VIRTIO_BLK_F_FLUSH);
    if (has(features, VIRTIO_BLK_F_BLK_SIZE))
        device.logical_block_bytes = transport.config32(offsetof(virtio_blk_config, blk_size));
    const u64 pages = device.sectors >> (PAGE_SHIFT - SECTOR_SHIFT);
    if (device.logical_block_bytes > PAGE_SIZE || pages >= u64{1} << 31) // the page cache cannot hold such
        return Err(Errno::NODEV);
    // Without the feature a request has one segment (Linux: virtblk_probe).
    const u32 segments =
        has(features, VIRTIO_BLK_F_SEG_MAX) ? transport.config32(offsetof(virtio_blk_config, seg_max)) : 1;
    device.max_segments = std::clamp(segments, u32{1}, IO_PAGES_MAX);
    device.request = request;
    device.driver = &disk;
    transport.driver_ok();
    return {};
}

void add(const DeviceInfo& info, u32 number) {
    auto* disk = kmem_new<VirtioBlk>(disk_cache);
    if (disk == nullptr)
        panic("virtio-blk: no memory at boot");
    BlockDevice& device = disk->device;
    snprintf(device.name, sizeof device.name, "vd%c", static_cast<char>('a' + number));
    device.rdev = VIRTBLK_MAJOR << 8 | number * VIRTBLK_MINORS;
    if (const auto started = start(*disk, info); !started) {
        printk(KERN_WARNING, "virtio-blk: cannot use %s (error %u)", device.name,
               static_cast<unsigned>(started.error()));
        disk->transport.fail();
        return;
    }
    request_irq(disk->transport.intid(), interrupt, disk, "virtio-blk");
    add_disk(device);
    printk(KERN_INFO, "virtio-blk: %s: %llu sectors%s", device.name, static_cast<unsigned long long>(device.sectors),
           device.read_only ? ", read-only" : "");
}

} // namespace

void init_virtio_blk() {
    const BootInfo& machine = boot_info();
    u32 disks = 0;
    for (u32 i = machine.virtio_count; i-- != 0;) { // QEMU gives its first device the last transport
        if (VirtioMmio::probe(machine.virtio[i]) != VIRTIO_ID_BLOCK)
            continue;
        if (disks < VIRTBLK_DISKS)
            add(machine.virtio[i], disks++);
        else
            printk(KERN_WARNING, "virtio-blk: more than %u disks: one is left alone",
                   static_cast<unsigned>(VIRTBLK_DISKS));
    }
}

} // namespace faultline
