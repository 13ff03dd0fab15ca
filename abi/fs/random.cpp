// The random generator: ChaCha20 with fast key erasure (Bernstein, "Fast-key-erasure random-number generators", 2017),
// seeded from a pool that BLAKE2s mixes. (Linux 6.1 drivers/char/random.c.)
//
// Each CPU has a key of its own. A request makes one block of the cipher under that key: its first half is the next
// key, and the second half is the answer, or the key for a longer one. So what was handed out cannot be computed from
// what is in memory afterwards. All keys are made anew from the pool when the base key is, at most a minute after the
// last time.
//
// The machine has no other source of noise than the loader's seed and the moments at which interrupts come. If the
// loader gives no seed, and under -icount, the numbers can be predicted: such a machine does the same each time.
#include "abi/fs/random.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <arch/boot_info.hpp>
#include <arch/interrupts.hpp>

#include "abi/time/realtime.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/per_cpu.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/blake2s.hpp"
#include "base/chacha20.hpp"
#include "base/late.hpp"
#include "kernel/sched/irq_lock.hpp"
#include "kernel/sched/timer.hpp"
#include "kernel/upcalls.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constexpr u64 RESEED_MOST_NS = RANDOM_RESEED_SECONDS * NSEC_PER_SEC;
constexpr u32 HALF = ChaCha20::BLOCK_BYTES / 2;
static_assert(HALF == ChaCha20::KEY_BYTES && HALF == Blake2s::HASH_BYTES && RANDOM_POOL_BITS == 8 * HALF);

using Key = std::array<u8, ChaCha20::KEY_BYTES>;

// Overwrites what must not stay in memory, where the compiler would see no use in it. (Linux: memzero_explicit.)
void wipe(void* memory, u32 bytes) {
    std::memset(memory, 0, bytes);
    asm volatile("" : : "r"(memory) : "memory");
}

ChaCha20 cipher_with(const Key& key) {
    ChaCha20 cipher;
    std::memcpy(cipher.key.data(), key.data(), key.size());
    return cipher;
}

// One step of the erasure: replaces the key, and returns 32 random bytes.
Key step(Key& key) {
    ChaCha20 cipher = cipher_with(key);
    u8 block[ChaCha20::BLOCK_BYTES];
    cipher.block(block);
    Key out;
    std::memcpy(key.data(), block, HALF);
    std::memcpy(out.data(), block + HALF, HALF);
    wipe(block, sizeof block);
    wipe(&cipher, sizeof cipher);
    return out;
}

// What all CPUs share.
struct Pool {
    SpinLock lock{"random"}; // held with interrupts masked
    Blake2s noise GUARDED_BY(lock);
    Key key GUARDED_BY(lock){};
    u64 reseeded_ns GUARDED_BY(lock) = 0;
};
constinit Late<Pool> pool;
constinit std::atomic<u32> generation{0}; // of Pool::key; rises with the lock held, and read without

// A CPU's own; used with interrupts masked.
struct CpuKey {
    Key key{};
    u32 generation = 0; // of the base key that it was made from; 0: none
};
constinit PerCpu<CpuKey> cpu_keys;

// The moments of interrupts, and this one.
void add_moments(Pool& to) REQUIRES(to.lock) {
    for (u32 cpu = 0; cpu < machine::MAX_CPUS; ++cpu) {
        const InterruptNoise noise = interrupt_noise(cpu);
        to.noise.update(&noise, sizeof noise);
    }
    const u64 now = clock_ns();
    to.noise.update(&now, sizeof now);
}

// Makes a new base key of all noise so far. The pool begins anew, with what was in it as its key. (Linux
// extract_entropy.)
void reseed(Pool& from) REQUIRES(from.lock) {
    add_moments(from);
    Blake2s::Hash seed = from.noise.final();
    Blake2s::Hash halves[2];
    for (u8 half = 0; half < 2; ++half) {
        Blake2s hash(seed);
        hash.update(&half, sizeof half);
        halves[half] = hash.final();
    }
    from.noise = Blake2s(halves[0]);
    from.key = halves[1];
    from.reseeded_ns = clock_ns();
    generation.fetch_add(1, std::memory_order_release);
    wipe(&seed, sizeof seed);
    wipe(halves, sizeof halves);
}

// Often soon after boot, as little was heard by then. (Linux crng_reseed_interval.)
bool is_stale(const Pool& what) REQUIRES(what.lock) {
    const u64 now = clock_ns();
    const u64 interval = std::clamp(now / 2, NSEC_PER_SEC, RESEED_MOST_NS);
    return now - what.reseeded_ns >= interval;
}

// Gives this CPU a key made from the current base key.
void refresh(CpuKey& own) REQUIRES(irqs_masked) {
    const Guard lock(pool->lock);
    if (is_stale(*pool))
        reseed(*pool);
    own.key = step(pool->key);
    own.generation = generation.load(std::memory_order_relaxed);
}

constinit Relaxed<u64> look_again_ns{0}; // when the base key may be stale next

// 32 random bytes.
Key draw() {
    const IrqGuard irqs;
    CpuKey& own = cpu_keys.here();
    if (const u64 now = clock_ns(); now >= look_again_ns) { // a CPU that sees this asks for a new base key
        look_again_ns = now + NSEC_PER_SEC;
        own.generation = 0;
    }
    if (own.generation == 0 || own.generation != generation.load(std::memory_order_acquire))
        refresh(own);
    return step(own.key);
}

// Random bytes of any length, piece by piece.
class Stream {
  public:
    Stream() {
        Key key = draw();
        cipher_ = cipher_with(key);
        wipe(&key, sizeof key);
    }
    ~Stream() {
        wipe(&cipher_, sizeof cipher_);
        wipe(block_, sizeof block_);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    const u8* next() {
        cipher_.block(block_);
        return block_;
    }

  private:
    ChaCha20 cipher_;
    u8 block_[ChaCha20::BLOCK_BYTES];
};

} // namespace

void init_random() {
    const BootInfo& machine = boot_info();
    pool.emplace();
    add_device_randomness(machine.rng_seed, machine.rng_seed_bytes);
    const u64 now = realtime_ns();
    add_device_randomness(&now, sizeof now);
    IrqLocked lock(pool->lock);
    reseed(*pool);
}

void add_device_randomness(const void* data, u32 bytes) {
    IrqLocked lock(pool->lock);
    pool->noise.update(data, bytes);
    add_moments(*pool);
}

void get_random_bytes(void* buffer, u32 bytes) {
    auto* to = static_cast<u8*>(buffer);
    if (bytes <= HALF) {
        Key key = draw();
        std::memcpy(to, key.data(), bytes);
        wipe(&key, sizeof key);
        return;
    }
    Stream stream;
    for (u32 done = 0; done < bytes; done += ChaCha20::BLOCK_BYTES)
        std::memcpy(to + done, stream.next(), std::min(bytes - done, ChaCha20::BLOCK_BYTES));
}

Result<u32> get_random_bytes_user(UserAddr buffer, u32 bytes) {
    Stream stream;
    for (u32 done = 0; done < bytes;) {
        const u32 count = std::min(bytes - done, ChaCha20::BLOCK_BYTES);
        const u32 left = copy_to_user(buffer + done, stream.next(), count);
        done += count - left;
        if (left != 0 && done == 0)
            return Err(Errno::FAULT);
        if (left != 0 || (done % PAGE_SIZE == 0 && signal_pending()))
            return done;
        if (done % PAGE_SIZE == 0)
            cond_resched();
    }
    return bytes;
}

Result<u32> sys_getrandom(UserAddr buffer, u32 bytes, u32 flags) {
    constexpr u32 NONBLOCK = 1, RANDOM = 2, INSECURE = 4;
    if ((flags & ~(NONBLOCK | RANDOM | INSECURE)) != 0 || (flags & (RANDOM | INSECURE)) == (RANDOM | INSECURE))
        return Err(Errno::INVAL);
    return get_random_bytes_user(buffer, bytes);
}

} // namespace faultline
