// Random bytes (getrandom(2), /dev/urandom, AT_RANDOM), as hard to predict as the loader's seed.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// The keys live this long at most, and the pool mixes to this many bits. (Linux: CRNG_RESEED_INTERVAL, POOL_BITS.)
inline constexpr u32 RANDOM_RESEED_SECONDS = 60, RANDOM_POOL_BITS = 256;

void init_random(); // at boot, after the real-time clock is read and before anything else here

// Mixes bytes into the pool from which the generator's next keys come. Callable from anywhere.
void add_device_randomness(const void* data, u32 bytes);

// Fills `buffer` with random bytes. Callable from anywhere.
void get_random_bytes(void* buffer, u32 bytes);

// Fills the program's buffer. Returns the bytes done: fewer than asked after a fault, and after a signal where a page's
// worth is done. FAULT: none.
Result<u32> get_random_bytes_user(UserAddr buffer, u32 bytes);

// System calls (contract: abi/syscall/table.cpp). `flags`: GRND_NONBLOCK, GRND_RANDOM or GRND_INSECURE, without effect.
// INVAL, FAULT.
Result<u32> sys_getrandom(UserAddr buffer, u32 bytes, u32 flags);

} // namespace faultline
