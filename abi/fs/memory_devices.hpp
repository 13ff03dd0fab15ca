// The devices that are memory only: null, zero, full, random, urandom (Linux: drivers/char/mem.c).
#pragma once

namespace faultline {

struct File;

void init_memory_devices(); // at boot, before all other character devices

// Whether the file is /dev/zero, of which mmap makes anonymous memory (zero(4)).
bool maps_as_zeros(const File& file);

} // namespace faultline
