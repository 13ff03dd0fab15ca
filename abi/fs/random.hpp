// Random bytes for programs (getrandom(2), /dev/urandom, AT_RANDOM). They are different each time, but not fit for
// secrets.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Mixes bytes into the generator's state. Called at boot with the loader's seed.
void add_device_randomness(const void* data, u32 bytes);

// Fills `buffer` with random bytes.
void get_random_bytes(void* buffer, u32 bytes);

// System calls (contract: abi/syscall/table.cpp). Returns the bytes done: fewer than asked only after a fault or a
// fatal signal. `flags`: GRND_NONBLOCK, GRND_RANDOM and GRND_INSECURE, without effect. INVAL, FAULT.
Result<u32> sys_getrandom(UserAddr buffer, u32 bytes, u32 flags);

} // namespace faultline
