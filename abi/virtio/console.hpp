// The virtio console device with several ports (virtio 1.0, section 5.3): byte streams to and from the host,
// each with a name. Here they carry a program's standard input, output and error.
#pragma once

#include <string_view>

#include "abi/fs/file.hpp"

namespace faultline {

inline constexpr u32 VIRTIO_PORT_MAJOR = 253; // of /dev/vport0pN, N being the minor number

// Finds the device among the machine's transports and its ports, which get nodes in /dev. Without one:
// nothing. At boot, after the file system and the interrupt controller.
void init_virtio_console();

// The minor number of the port that the host calls by this name; 0: there is none. (Port 0 is reserved for a
// console.)
u32 find_port(std::string_view name);

// Waits until the host has taken everything that was written to any port. For the way out of the machine:
// works with interrupts masked, and waits for as long as the host lets it.
void flush_ports();

} // namespace faultline
