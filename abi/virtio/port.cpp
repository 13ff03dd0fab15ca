// A port: its queues, reading and writing.
#include "abi/virtio/port.hpp"

#include <algorithm>
#include <cstring>

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/virtio/mmio.hpp"
#include "abi/virtio/queue.hpp"
#include "kernel/upcalls.hpp"
#include "mm/page_alloc.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

constinit RecursiveSpinLock port_lock("port_lock");

namespace {

constexpr u32 READABLE = POLLIN | POLLRDNORM, WRITABLE = POLLOUT | POLLWRNORM;
constexpr u32 INCOMING_BYTES = PAGE_SIZE / 2; // two buffers: the host fills one while the other is read

constexpr u32 receive_queue(u32 id) { return id == 0 ? 0 : 2 * id + 2; } // 5.3.2
constexpr u32 transmit_queue(u32 id) { return receive_queue(id) + 1; }

} // namespace

Result<void> Port::setup_queues(VirtioMmio& transport, u32 id) {
    TRY_VOID(transport.setup_queue(receive_queue(id), receive_));
    return transport.setup_queue(transmit_queue(id), transmit_);
}

Result<void> Port::add(VirtioMmio& transport, u32 id) {
    PageRef incoming = alloc_page(GFP_ATOMIC), outgoing = alloc_page(GFP_ATOMIC);
    if (!incoming || !outgoing)
        return Err(Errno::NOMEM);
    transport_ = &transport;
    id_ = id;
    outgoing_ = static_cast<u8*>(page_address(*outgoing.release()));
    buffers_ = static_cast<u8*>(page_address(*incoming.release()));
    return {};
}

void Port::open() {
    IrqLocked lock(port_lock);
    for (u32 at = 0; at < PAGE_SIZE; at += INCOMING_BYTES)
        offer(buffers_ + at);
}

void Port::offer(u8* buffer) {
    const VirtBuffer room{buffer, INCOMING_BYTES, true};
    BUG_ON(!receive_.add({&room, 1}, buffer));
    transport_->notify(receive_queue(id_));
}

void Port::set_name(std::string_view name) {
    name = name.substr(0, name.find('\0'));
    name_length_ = static_cast<u32>(std::min(name.size(), sizeof name_));
    std::memcpy(name_, name.data(), name_length_);
}

void Port::host_opened(bool open) {
    host_closed_ = !open;
    wake_up_poll(readers_, READABLE | POLLHUP);
}

void Port::interrupt() {
    if (!present())
        return;
    u32 bytes;
    if (transmit_.get_used(bytes) != nullptr)
        release_sender();
    if (receive_.has_used()) {
        wake_up_poll(readers_, READABLE);
    }
}

// Makes incoming_ the oldest unread buffer. False: there is none. Caller holds reading_.
bool Port::next_incoming() {
    IrqLocked lock(port_lock);
    if (incoming_left_ != 0)
        return true;
    if (incoming_ != nullptr)
        offer(std::exchange(incoming_, nullptr));
    u32 bytes = 0;
    incoming_ = static_cast<u8*>(receive_.get_used(bytes));
    incoming_at_ = 0;
    incoming_left_ = std::min(bytes, INCOMING_BYTES);
    return incoming_ != nullptr;
}

Result<u32> Port::read(UserAddr buffer, u32 bytes, bool nonblock) {
    if (bytes == 0)
        return 0u;
    for (;;) {
        {
            WriteGuard guard(reading_);
            // Read the flag first: data that came before the end must be read before the end is reported.
            const bool closed = host_closed_;
            u32 done = 0;
            while (done < bytes && next_incoming()) {
                const u32 part = std::min(bytes - done, incoming_left_);
                const u32 copied = part - copy_to_user(buffer + done, incoming_ + incoming_at_, part);
                incoming_at_ += copied;
                incoming_left_ -= copied;
                done += copied;
                if (copied != part)
                    return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
            }
            if (done != 0 || closed)
                return done;
        }
        if (nonblock)
            return Err(Errno::AGAIN);
        TRY_VOID(wait_event_interruptible(readers_, [this] { return readable(); }));
    }
}

// Takes outgoing_ for the caller. AGAIN, RESTARTSYS.
Result<void> Port::acquire_sender(bool nonblock) {
    for (;;) {
        {
            IrqLocked lock(port_lock);
            if (!sending_) {
                sending_ = true;
                return {};
            }
        }
        if (nonblock)
            return Err(Errno::AGAIN);
        TRY_VOID(wait_event_interruptible(writers_, [this] { return !sending_; }));
    }
}

void Port::release_sender() {
    sending_ = false;
    wake_up_poll(writers_, WRITABLE);
}

Result<u32> Port::write(UserAddr buffer, u32 bytes, bool nonblock) {
    u32 done = 0;
    while (done < bytes) {
        if (const auto ready = acquire_sender(nonblock); !ready.ok())
            return done == 0 ? Result<u32>(Err(ready.error())) : Result<u32>(done);
        const u32 part = std::min(bytes - done, PAGE_SIZE);
        const u32 copied = part - copy_from_user(outgoing_, buffer + done, part);
        if (copied != 0) {
            IrqLocked lock(port_lock);
            const VirtBuffer out{outgoing_, copied, false};
            BUG_ON(!transmit_.add({&out, 1}, outgoing_));
            transport_->notify(transmit_queue(id_));
            interrupt(); // usually the host has taken it already
        } else
            release_sender();
        done += copied;
        if (copied != part)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        if (done < bytes && signal_pending())
            break;
        cond_resched();
    }
    return done;
}

namespace {

Port& port_of(const File& file) { return *port_by_minor(file.inode->rdev & 0xff); }
bool nonblock(const File& file) { return (file.flags & O_NONBLOCK) != 0; }

u32 port_poll(File& file, PollTable* table) {
    Port& port = port_of(file);
    poll_wait(file, port.readers(), table);
    poll_wait(file, port.writers(), table);
    return (port.readable() ? READABLE : 0) | (port.at_end() ? POLLHUP : 0) | (port.sending() ? 0 : WRITABLE);
}

} // namespace

constinit const FileOps port_file_ops{
    .read = [](File& file, UserAddr buffer, u32 bytes,
               u64&) { return port_of(file).read(buffer, bytes, nonblock(file)); },
    .write = [](File& file, UserAddr buffer, u32 bytes,
                u64&) { return port_of(file).write(buffer, bytes, nonblock(file)); },
    .poll = port_poll,
};

} // namespace faultline
