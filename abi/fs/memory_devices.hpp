// The character devices without hardware: null, zero, full, random, urandom (Linux: drivers/char/mem.c).
#pragma once

namespace faultline {

struct File;

void init_memory_devices(); // registers them; at boot, before all other character devices

// Whether the file is /dev/zero: mmap(2) of it makes anonymous memory (zero(4)).
bool maps_as_zeros(const File& file);

} // namespace faultline
