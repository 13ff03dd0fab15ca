// One port of the console device: data from the host that was not read yet, and data on its way to the host.
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
    // Gives the device the port's two queues. Called before VirtioMmio::driver_ok(). NODEV, NOMEM.
    Result<void> setup_queues(VirtioMmio& transport, u32 id);

    // Allocates the port's buffers, when the host has announced the port. NOMEM.
    Result<void> add(VirtioMmio& transport, u32 id);
    // Offers the host buffers for input. Called after the host was told that the guest has opened the port: QEMU (7.2)
    // looks for input when it gets new buffers, but only if the port is open.
    void open();
    bool present() const { return transport_ != nullptr; } // the host has announced it

    void set_name(std::string_view name);
    std::string_view name() const { return {name_, name_length_}; }
    void host_opened(bool open);              // the host has opened or closed its side; closed is the end of input
    void interrupt();                         // handles what the device has used; caller holds port_lock
    bool sending() const { return sending_; } // outgoing_ is in use

    // Copy up to `bytes` bytes to or from the program. Return the bytes done; read() returns 0 at the end of input.
    // They sleep as needed, unless `nonblock`: then AGAIN. RESTARTSYS, FAULT.
    Result<u32> read(UserAddr buffer, u32 bytes, bool nonblock);
    Result<u32> write(UserAddr buffer, u32 bytes, bool nonblock);

    WaitQueue& readers() { return readers_; } // woken when readable() or at_end() may have changed
    WaitQueue& writers() { return writers_; } // the same for sending()
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
    RwSemaphore reading_{"Port"}; // the reader that copies holds it
    u8* buffers_ = nullptr;       // one page, as two buffers for input
    u8* incoming_ = nullptr;      // the buffer that is being read; nullptr: none
    u32 incoming_at_ = 0, incoming_left_ = 0;
    // One page. The task that sets sending_ may fill it; sending_ is cleared when the device has used it.
    u8* outgoing_ = nullptr;
    bool sending_ = false;
    WaitQueue readers_, writers_;
};

Port* port_by_minor(u32 minor); // nullptr: no such port

// The operations of /dev/vport0pN.
extern const FileOps port_file_ops;

} // namespace faultline
