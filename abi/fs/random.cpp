// A xoshiro256** generator (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018), seeded by the
// loader. A fixed seed gives a fixed sequence, so two runs of a deterministic machine are identical.
#include "abi/fs/random.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "arch/contract/uaccess.hpp"
#include "base/spinlock.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constinit SpinLock lock("random");
constinit u64 state[4] = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0x2545f4914f6cdd1d};

u64 next() {
    const u64 result = std::rotl(state[1] * 5, 7) * 9;
    const u64 shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = std::rotl(state[3], 45);
    return result;
}

} // namespace

void add_device_randomness(const void* data, u32 bytes) {
    Guard guard(lock);
    for (u32 i = 0; i < bytes; ++i) {
        state[i / 8 % 4] ^= u64{static_cast<const u8*>(data)[i]} << (i % 8 * 8);
        if (i % 32 == 31 || i + 1 == bytes)
            for (u32 round = 0; round < 16; ++round)
                next();
    }
    if ((state[0] | state[1] | state[2] | state[3]) == 0)
        state[0] = 1; // all zero is the one state that the generator cannot leave
}

void get_random_bytes(void* buffer, u32 bytes) {
    Guard guard(lock);
    for (u32 done = 0; done < bytes; done += 8) {
        const u64 word = next();
        std::memcpy(static_cast<u8*>(buffer) + done, &word, std::min<u32>(bytes - done, 8));
    }
}

Result<u32> sys_getrandom(UserAddr buffer, u32 bytes, u32 flags) {
    constexpr u32 KNOWN_FLAGS = 0x7; // GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE
    if ((flags & ~KNOWN_FLAGS) != 0)
        return Err(Errno::INVAL);
    u8 chunk[64];
    for (u32 done = 0; done < bytes;) {
        const u32 count = std::min(bytes - done, u32{sizeof chunk});
        get_random_bytes(chunk, count);
        const u32 left = copy_to_user(buffer + done, chunk, count);
        if (left == count && done == 0)
            return Err(Errno::FAULT);
        done += count - left;
        if (left != 0 || fatal_signal_pending())
            return done;
        cond_resched();
    }
    return bytes;
}

} // namespace faultline
