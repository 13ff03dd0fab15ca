// The MMIO transport of virtio (Virtual I/O Device Version 1.0, OASIS 2016, section 4.2): how a driver finds its device,
// agrees on features, hands over its queues, and gets interrupts. A device is modern (4.2.2), or legacy, as it was before
// version 1.0 (4.2.4); drivers need not know which.
#pragma once

#include <arch/boot_info.hpp>

#include "abi/virtio/queue.hpp"
#include "base/result.hpp"

namespace faultline {

class VirtioMmio {
  public:
    // The device behind a transport: its device id (section 5), or 0 if there is none or the transport has another
    // version.
    static u32 probe(const DeviceInfo& info);

    // Resets the device and agrees on features: those `wanted` bits that the device offers; of a modern device also
    // VIRTIO_F_VERSION_1, which is required. Returns the bits agreed on. NODEV: the device does not accept them.
    Result<u64> start(const DeviceInfo& info, u64 wanted);

    // Gives the device a queue. Called between start() and driver_ok(). NODEV: it has no such queue, or a shorter one;
    // NOMEM.
    Result<void> setup_queue(u32 index, Virtqueue& queue);

    void driver_ok(); // the device works from here on
    void fail();      // the driver gives up the device

    void notify(u32 queue_index);        // that queue has something new for the device
    u32 acknowledge_interrupt();         // returns its reasons: bit 0 a queue, bit 1 the configuration
    u32 config32(u32 offset) const;      // reads the device's own configuration; `offset` in bytes
    u64 config64(u32 offset) const;      // both halves as of one moment
    u32 intid() const { return intid_; } // its interrupt number at the GIC

  private:
    void set_status(u32 bits);

    void* registers_ = nullptr;
    bool legacy_ = false;
    u32 intid_ = 0;
};

} // namespace faultline
