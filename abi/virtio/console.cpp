// The driver of the console device: its control queue, over which host and guest agree which ports exist and which are
// open, and its interrupt.
#include "abi/virtio/console.hpp"

#include <algorithm>
#include <cstring>

#include <arch/interrupts.hpp>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>

#include "abi/fs/char_device.hpp"
#include "abi/virtio/mmio.hpp"
#include "abi/virtio/port.hpp"
#include "abi/virtio/queue.hpp"
#include "arch/contract/clock.hpp"
#include "base/format.hpp"
#include "base/late.hpp"
#include "kernel/debug/printk.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {

using ControlMessage = virtio_console_control; // little-endian, as this machine is

constexpr u32 CONTROL_RECEIVE = 2, CONTROL_TRANSMIT = 3;   // queue numbers (5.3.2)
constexpr u32 CONTROL_BUFFERS = 16;                        // as many as the queue has descriptors
constexpr u32 CONTROL_BYTES = PAGE_SIZE / CONTROL_BUFFERS; // room for a message with the name of a port
constexpr u64 HANDSHAKE_NS = 100'000'000;                  // how long to wait for the host's messages

struct Console {
    VirtioMmio transport;
    Virtqueue control_receive{CONTROL_BUFFERS}, control_transmit;
    u8* receive_buffers = nullptr;
    ControlMessage* outgoing = nullptr; // the message that is being sent
    bool booting = true;                // ports can be added
    Port ports[MAX_PORTS];
    CharDevice nodes[MAX_PORTS];
    char paths[MAX_PORTS][sizeof "/dev/vport0p0"];
};

constinit Late<Console> storage;
constinit Console* console = nullptr; // nullptr: no device

// Sends a message and waits until the device has read it. Caller has masked interrupts, or is the boot code.
void send_control(u32 id, u16 event, u16 value) {
    *console->outgoing = {.id = id, .event = event, .value = value};
    const VirtBuffer buffer{console->outgoing, sizeof(ControlMessage), false};
    BUG_ON(!console->control_transmit.add({&buffer, 1}, console->outgoing));
    console->transport.notify(CONTROL_TRANSMIT);
    u32 bytes;
    while (console->control_transmit.get_used(bytes) == nullptr) {
    }
}

void offer_control_buffer(u8* buffer) {
    const VirtBuffer offer{buffer, CONTROL_BYTES, true};
    BUG_ON(!console->control_receive.add({&offer, 1}, buffer));
}

void handle_control(const ControlMessage& message, std::string_view text) {
    Port* port = message.id >= 1 && message.id < MAX_PORTS ? &console->ports[message.id] : nullptr;
    switch (message.event) {
    case VIRTIO_CONSOLE_PORT_ADD: {
        const bool usable = port != nullptr && console->booting && port->add(console->transport, message.id).ok();
        send_control(message.id, VIRTIO_CONSOLE_PORT_READY, usable ? 1 : 0);
        break;
    }
    case VIRTIO_CONSOLE_PORT_NAME:
        if (port != nullptr)
            port->set_name(text);
        break;
    case VIRTIO_CONSOLE_PORT_OPEN:
        if (port != nullptr)
            port->host_opened(message.value != 0);
        break;
    default:
        break; // RESIZE, CONSOLE_PORT: not used here
    }
}

// Handles all messages that have come. Returns whether there were any. Caller has masked interrupts, or is the boot
// code.
bool receive_control() {
    bool any = false;
    u32 bytes;
    while (auto* buffer = static_cast<u8*>(console->control_receive.get_used(bytes))) {
        ControlMessage message;
        if (bytes >= sizeof message) {
            std::memcpy(&message, buffer, sizeof message);
            const char* text = reinterpret_cast<const char*>(buffer) + sizeof message;
            handle_control(message, {text, std::min(bytes, CONTROL_BYTES) - sizeof message});
        }
        offer_control_buffer(buffer);
        console->transport.notify(CONTROL_RECEIVE);
        any = true;
    }
    return any;
}

void interrupt(void*) {
    const Guard lock(port_lock);
    console->transport.acknowledge_interrupt();
    receive_control();
    for (Port& port : console->ports)
        port.interrupt();
}

Result<void> start(const DeviceInfo& info) {
    Console& device = *console;
    const u64 features = TRY(device.transport.start(info, u64{1} << VIRTIO_CONSOLE_F_MULTIPORT));
    if ((features >> VIRTIO_CONSOLE_F_MULTIPORT & 1) == 0)
        return Err(Errno::NODEV);
    TRY_VOID(device.transport.setup_queue(CONTROL_RECEIVE, device.control_receive));
    TRY_VOID(device.transport.setup_queue(CONTROL_TRANSMIT, device.control_transmit));
    const u32 ports = device.transport.config32(offsetof(virtio_console_config, max_nr_ports));
    for (u32 id = 1; id < std::min(ports, MAX_PORTS); ++id)
        TRY_VOID(device.ports[id].setup_queues(device.transport, id));
    PageRef receive = alloc_page(GFP_ATOMIC), send = alloc_page(GFP_ATOMIC);
    if (!receive || !send)
        return Err(Errno::NOMEM);
    device.receive_buffers = static_cast<u8*>(page_address(*receive.release()));
    device.outgoing = static_cast<ControlMessage*>(page_address(*send.release()));
    device.transport.driver_ok();
    for (u32 i = 0; i < CONTROL_BUFFERS; ++i)
        offer_control_buffer(device.receive_buffers + i * CONTROL_BYTES);
    device.transport.notify(CONTROL_RECEIVE);
    return {};
}

// Tells the device that the driver is ready, and handles messages until each announced port has its name.
void shake_hands() {
    send_control(VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
    const u64 deadline = clock_ns() + HANDSHAKE_NS;
    const auto complete = [] {
        return std::any_of(std::begin(console->ports), std::end(console->ports), [](Port& p) { return p.present(); }) &&
               std::all_of(std::begin(console->ports), std::end(console->ports),
                           [](Port& p) { return !p.present() || !p.name().empty(); });
    };
    while ((receive_control() || !complete()) && clock_ns() < deadline) {
    }
    if (!complete())
        printk(KERN_WARNING, "virtio-console: the host does not name its ports");
}

} // namespace

void init_virtio_console() {
    const BootInfo& machine = boot_info();
    for (u32 i = 0; i < machine.virtio_count && console == nullptr; ++i) {
        if (VirtioMmio::probe(machine.virtio[i]) != VIRTIO_ID_CONSOLE)
            continue;
        console = &storage.emplace();
        if (const auto started = start(machine.virtio[i]); !started.ok()) {
            printk(KERN_WARNING, "virtio-console: cannot use the device (error %u)",
                   static_cast<unsigned>(started.error()));
            console->transport.fail();
            console = nullptr;
            return;
        }
    }
    if (console == nullptr)
        return;
    shake_hands();
    console->booting = false;
    request_irq(console->transport.intid(), interrupt, nullptr, "virtio-console");
    for (u32 id = 1; id < MAX_PORTS; ++id) {
        if (!console->ports[id].present())
            continue;
        char* const path = console->paths[id];
        snprintf(path, sizeof console->paths[id], "/dev/vport0p%u", static_cast<unsigned>(id));
        console->nodes[id] = {VIRTIO_PORT_MAJOR << 8 | id, path, &port_file_ops, 0600};
        register_chrdev(console->nodes[id]);
        // What the host sends before a program opens the port waits in the port's buffers.
        {
            IrqLocked lock(port_lock);
            send_control(id, VIRTIO_CONSOLE_PORT_OPEN, 1);
        }
        console->ports[id].open();
    }
}

Port* port_by_minor(u32 minor) {
    return console != nullptr && minor < MAX_PORTS && console->ports[minor].present() ? &console->ports[minor]
                                                                                      : nullptr;
}

u32 find_port(std::string_view name) {
    for (u32 id = 1; id < MAX_PORTS; ++id)
        if (Port* port = port_by_minor(id); port != nullptr && port->name() == name)
            return id;
    return 0;
}

void flush_ports() {
    for (u32 id = 1; id < MAX_PORTS; ++id)
        if (Port* port = port_by_minor(id))
            while (port->sending()) {
                IrqLocked lock(port_lock);
                port->interrupt();
            }
}

} // namespace faultline
