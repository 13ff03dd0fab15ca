// The MMIO transport of virtio 1.0 (Virtual I/O Device Version 1.0, OASIS 2016, section 4.2): how any driver
// finds its device, agrees on features, hands over its queues and is interrupted.
#pragma once

#include <arch/boot_info.hpp>

#include "abi/virtio/queue.hpp"
#include "base/result.hpp"

namespace faultline {

class VirtioMmio {
  public:
    // What is behind a transport: a device id (section 5), or 0 for nothing, or for a transport of another
    // version.
    static u32 probe(const DeviceInfo& info);

    // Resets the device and offers to drive it with those of the `wanted` feature bits that it has;
    // VIRTIO_F_VERSION_1 is always among them. Returns the bits agreed on; NODEV if the device will not have
    // it so.
    Result<u64> start(const DeviceInfo& info, u64 wanted);

    // Gives the device a queue; between start() and driver_ok(). NODEV: it has no such queue, or a shorter
    // one. NOMEM.
    Result<void> setup_queue(u32 index, Virtqueue& queue);

    void driver_ok(); // the device is live from here on
    void fail();      // the driver gives up

    void notify(u32 queue_index);   // there is something new in that queue
    u32 acknowledge_interrupt();    // why it interrupted: bit 0 a queue, bit 1 the configuration
    u32 config32(u32 offset) const; // a field of the device's own configuration
    u32 intid() const { return intid_; }

  private:
    void set_status(u32 bits);

    void* registers_ = nullptr;
    u32 intid_ = 0;
};

} // namespace faultline
