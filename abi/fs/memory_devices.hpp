// The devices that are memory only: null, zero, full, random, urandom (Linux: drivers/char/mem.c).
#pragma once

namespace faultline {

void init_memory_devices(); // at boot, before all other character devices

} // namespace faultline
