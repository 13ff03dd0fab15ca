// The virtio console device with several ports (virtio 1.0, section 5.3). A port is a byte stream to and from the host,
// with a name. The ports carry a program's standard input, output and error.
#pragma once

#include <string_view>

#include "abi/fs/file.hpp"

namespace faultline {

inline constexpr u32 VIRTIO_PORT_MAJOR = 253; // of /dev/vport0pN; N is the minor number

// Finds the device among the machine's virtio transports, and makes a node in /dev for each port. No effect without
// such a device. Called at boot, after the file system and the interrupt controller.
void init_virtio_console();

// The minor number of the port with this name; 0: there is none. (Port 0 is reserved for a console.)
u32 find_port(std::string_view name);

// Waits, without a timeout, until the host has taken everything that was written to the ports. Called when the machine
// ends; interrupts may be masked.
void flush_ports();

} // namespace faultline
