// One port of the console device: what has come from the host and was not read, and what is on its way to it.
#pragma once

#include <string_view>

#include "abi/fs/file.hpp"
#include "abi/virtio/mmio.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/irq_lock.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

extern constinit RecursiveSpinLock port_lock; // guards the device, and what its interrupt shares with tasks

inline constexpr u32 MAX_PORTS = 4; // numbers 1 … 3: stdin, stdout, stderr

class Port {
  public:
    // Gives the device the port's queues. Before VirtioMmio::driver_ok. NODEV, NOMEM.
    Result<void> setup_queues(VirtioMmio& transport, u32 id);

    // The host has announced it: buffers. NOMEM.
    Result<void> add(VirtioMmio& transport, u32 id);
    // The host knows that the guest has opened it: room for what it sends. Only now, because QEMU (7.2) looks
    // for input when it is told of new buffers, and then only if the port is open.
    void open();
    bool present() const { return transport_ != nullptr; }

    void set_name(std::string_view name);
    std::string_view name() const { return {name_, name_length_}; }
    void host_opened(bool open); // at the far end; no longer open means the end of input
    void interrupt();            // something may have come or gone. Interrupts masked
    bool sending() const { return sending_; }

    // May sleep unless `nonblock`, then AGAIN. RESTARTSYS, FAULT. read: 0 is the end.
    Result<u32> read(UserAddr buffer, u32 bytes, bool nonblock);
    Result<u32> write(UserAddr buffer, u32 bytes, bool nonblock);

    bool readable() const { return incoming_left_ != 0 || receive_.has_used() || host_closed_; }
    bool at_end() const { return incoming_left_ == 0 && !receive_.has_used() && host_closed_; }

  private:
    void offer(u8* buffer);
    bool next_incoming();
    Result<void> acquire_sender(bool nonblock);
    void release_sender();

    VirtioMmio* transport_ = nullptr;
    u32 id_ = 0;
    char name_[32] = {};
    u32 name_length_ = 0;
    bool host_closed_ = false;
    Virtqueue receive_, transmit_;
    RwSemaphore reading_{"Port"}; // one reader at a time copies
    u8* buffers_ = nullptr;       // a page of two, for what comes in
    u8* incoming_ = nullptr;      // the one being read; nullptr: none
    u32 incoming_at_ = 0, incoming_left_ = 0;
    u8* outgoing_ = nullptr; // a page; whoever set sending_ fills it, the device's use of it clears sending_
    bool sending_ = false;
    WaitQueue readers_, writers_;
};

Port* port_by_minor(u32 minor); // nullptr: no such port

extern const FileOps port_file_ops;

} // namespace faultline
