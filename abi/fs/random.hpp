// Random bytes for programs (getrandom(2), /dev/urandom, AT_RANDOM): good enough to differ, not to keep
// secrets.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Mixes bytes into the generator's state: the loader's seed, at boot.
void add_device_randomness(const void* data, u32 bytes);

void get_random_bytes(void* buffer, u32 bytes);

// System calls.
Result<u32> sys_getrandom(UserAddr buffer, u32 bytes, u32 flags);

} // namespace faultline
