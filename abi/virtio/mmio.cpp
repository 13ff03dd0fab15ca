// Access to the transport's registers. Offsets are those of table 4.1, with the names of Linux's UAPI header.
#include "abi/virtio/mmio.hpp"

#include <arch/io.hpp>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include "abi/virtio/queue.hpp"

namespace faultline {

namespace {

constexpr u32 MAGIC = 0x74726976; // "virt"
constexpr u32 VERSION_LEGACY = 1, VERSION = 2;

void write64(void* registers, u32 low_offset, PhysAddr address) {
    write32(registers, low_offset, address.value());
    write32(registers, low_offset + 4, 0); // all RAM is below 4 GiB
}

} // namespace

u32 VirtioMmio::probe(const DeviceInfo& info) {
    const void* registers = ioremap(info.base, info.bytes);
    const u32 version = read32(registers, VIRTIO_MMIO_VERSION);
    if (read32(registers, VIRTIO_MMIO_MAGIC_VALUE) != MAGIC || (version != VERSION && version != VERSION_LEGACY))
        return 0;
    return read32(registers, VIRTIO_MMIO_DEVICE_ID);
}

void VirtioMmio::set_status(u32 bits) {
    write32(registers_, VIRTIO_MMIO_STATUS, read32(registers_, VIRTIO_MMIO_STATUS) | bits);
}

Result<u64> VirtioMmio::start(const DeviceInfo& info, u64 wanted) {
    registers_ = ioremap(info.base, info.bytes);
    intid_ = info.intid;
    legacy_ = read32(registers_, VIRTIO_MMIO_VERSION) == VERSION_LEGACY;
    write32(registers_, VIRTIO_MMIO_STATUS, 0); // reset (2.1)
    set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE);
    set_status(VIRTIO_CONFIG_S_DRIVER);

    if (!legacy_)
        wanted |= u64{1} << VIRTIO_F_VERSION_1;
    u64 agreed = 0;
    for (u32 half = 0; half < (legacy_ ? 1 : 2); ++half) { // a legacy device has 32 features
        write32(registers_, VIRTIO_MMIO_DEVICE_FEATURES_SEL, half);
        const u32 common = read32(registers_, VIRTIO_MMIO_DEVICE_FEATURES) & static_cast<u32>(wanted >> (32 * half));
        write32(registers_, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
        write32(registers_, VIRTIO_MMIO_DRIVER_FEATURES, common);
        agreed |= u64{common} << (32 * half);
    }
    if (legacy_) {
        write32(registers_, VIRTIO_MMIO_GUEST_PAGE_SIZE, PAGE_SIZE);
        return agreed;
    }
    set_status(VIRTIO_CONFIG_S_FEATURES_OK);
    const bool accepted = (read32(registers_, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK) != 0;
    if (!accepted || (agreed >> VIRTIO_F_VERSION_1 & 1) == 0) {
        fail();
        return Err(Errno::NODEV);
    }
    return agreed;
}

Result<void> VirtioMmio::setup_queue(u32 index, Virtqueue& queue) {
    write32(registers_, VIRTIO_MMIO_QUEUE_SEL, index);
    if (read32(registers_, VIRTIO_MMIO_QUEUE_NUM_MAX) < queue.size())
        return Err(Errno::NODEV);
    TRY_VOID(queue.allocate());
    write32(registers_, VIRTIO_MMIO_QUEUE_NUM, queue.size());
    if (legacy_) {
        write32(registers_, VIRTIO_MMIO_QUEUE_ALIGN, Virtqueue::ALIGNMENT);
        write32(registers_, VIRTIO_MMIO_QUEUE_PFN, queue.descriptors().value() >> PAGE_SHIFT);
        return {};
    }
    write64(registers_, VIRTIO_MMIO_QUEUE_DESC_LOW, queue.descriptors());
    write64(registers_, VIRTIO_MMIO_QUEUE_AVAIL_LOW, queue.available());
    write64(registers_, VIRTIO_MMIO_QUEUE_USED_LOW, queue.used());
    write32(registers_, VIRTIO_MMIO_QUEUE_READY, 1);
    return {};
}

void VirtioMmio::driver_ok() { set_status(VIRTIO_CONFIG_S_DRIVER_OK); }
void VirtioMmio::fail() { set_status(VIRTIO_CONFIG_S_FAILED); }

void VirtioMmio::notify(u32 queue_index) {
    std::atomic_thread_fence(std::memory_order_seq_cst); // the device must see the ring before the notification
    write32(registers_, VIRTIO_MMIO_QUEUE_NOTIFY, queue_index);
}

u32 VirtioMmio::acknowledge_interrupt() {
    const u32 reasons = read32(registers_, VIRTIO_MMIO_INTERRUPT_STATUS);
    write32(registers_, VIRTIO_MMIO_INTERRUPT_ACK, reasons);
    return reasons;
}

u32 VirtioMmio::config32(u32 offset) const { return read32(registers_, VIRTIO_MMIO_CONFIG + offset); }

u64 VirtioMmio::config64(u32 offset) const {
    for (;;) {
        const u32 generation = legacy_ ? 0 : read32(registers_, VIRTIO_MMIO_CONFIG_GENERATION);
        const u32 low = config32(offset), high = config32(offset + 4);
        if (legacy_ || read32(registers_, VIRTIO_MMIO_CONFIG_GENERATION) == generation)
            return u64{high} << 32 | low;
    }
}

} // namespace faultline
