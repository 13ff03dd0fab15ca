// A sleeping reader-writer lock for many readers: the mmap lock is one, and every fault reads. (Linux:
// kernel/locking/percpu-rwsem.c, which needs RCU to let a writer in; here barriers do, because a writer is rare.)
//
// Readers on different CPUs share nothing that changes. A reader counts itself in and out on a cache line of its own
// CPU. Beside that it only reads one flag, which does not change while there is no writer. A reader that sleeps may
// move to another CPU and count itself out there, so only the sum over all CPUs means anything.
//
// A writer raises the flag, which keeps new readers out, and waits until the sum is 0. Both sides write first and read
// second, with a full barrier in between: the reader its count and then the flag, the writer the flag and then the
// counts. So at least one of them sees the other. The same goes for a reader that leaves and a writer that waits.
//
// If no task waits for the writer, it lowers the flag with one compare-and-swap. A task that starts to wait sets the
// flag to Awaited; the writer then takes the slow path and wakes the queue.
//
// The lock is fair by turns: a writer that releases it lets in all readers that wait at that moment, and later readers
// wait for the next waiting writer. So neither side can starve the other. Of several writers one that runs may overtake
// one that has just been woken, but only once: then the lock is handed over to it. (Linux: RWSEM_FLAG_HANDOFF.)
#pragma once

#include "arch/contract/per_cpu.hpp"
#include "base/rwsem.hpp"

namespace faultline {

class CAPABILITY("semaphore") PercpuRwSemaphore {
  public:
    explicit PercpuRwSemaphore(const char* name) : watch_(name, lockdep::Kind::Sleeping) {}

    void down_read() ACQUIRE_SHARED() {
        watch_.about_to_wait(this);
        schedule_point("take a semaphore for reading");
        if (!enter()) [[unlikely]]
            wait_for_turn();
        watch_.taken(this);
    }
    bool try_down_read() TRY_ACQUIRE_SHARED(true) {
        if (!enter()) {
            wake_writer(); // it may have counted this reader
            return false;
        }
        watch_.taken(this);
        return true;
    }
    void up_read() RELEASE_SHARED() {
        watch_.released(this);
        leave();
    }

    void down_write() ACQUIRE();
    void up_write() RELEASE();

    bool is_write_locked() const { return writer_.load(std::memory_order_relaxed) != Writer::None; } // or about to be
    bool is_locked() const { return is_write_locked() || readers() != 0; }

  private:
    enum class Writer : u8 {
        None,
        Inside, // or waits until there are no readers
        Awaited // the same, and up_write must wake a task that is in the queue or about to be
    };

    // A plain load and store is enough: only its own CPU writes a count, and no interrupt handler does.
    void count(u32 more, std::memory_order order) {
        std::atomic<u32>& here = readers_.here();
        here.store(here.load(std::memory_order_relaxed) + more, order);
    }
    // The barrier between a change of the count and this look at the flag.
    bool is_raised(std::memory_order order) const {
        std::atomic_thread_fence(std::memory_order_seq_cst);
        return writer_.load(order) != Writer::None;
    }
    bool enter() {
        count(1, std::memory_order_relaxed);
        if (!is_raised(std::memory_order_acquire)) [[likely]]
            return true;
        schedule_point("turn back from a semaphore");
        count(~u32{0}, std::memory_order_relaxed);
        return false;
    }
    void leave() {
        count(~u32{0}, std::memory_order_release);
        if (is_raised(std::memory_order_relaxed)) [[unlikely]]
            wake_writer();
    }
    u32 readers() const {
        u32 sum = 0;
        for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu)
            sum += readers_.of(cpu).load(std::memory_order_seq_cst);
        return sum;
    }
    void wait_for_turn();
    void let_writer_in();
    void wake_writer();
    bool ask_for_turn();
    bool raise_flag();
    void wait_for_writers();
    void wait_for_hand_over() REQUIRES(lock_);
    void wait_for_readers();
    void give_turn();

    PerCpu<std::atomic<u32>> readers_;
    std::atomic<Writer> writer_{Writer::None}; // the flag; changes to and from Awaited with lock_ held
    SpinLock lock_{"PercpuRwSemaphore"};       // guards all below
    ParkQueue waiting_readers_;
    ParkQueue waiting_writers_;
    ParkQueue overtaken_writers_; // those that were woken when another writer was faster
    u32 overtaken_ = 0;           // the number of the last one that came to wait there; they count from 1
    u32 handed_over_ = 0;         // and of the last one for which the flag was raised; both wrap around
    ParkQueue next_writer_;       // the writer that raised the flag and waits until the readers have left
    u32 readers_to_let_in_ = 0;
    u32 turns_ = 0; // how often waiting readers were let in
    [[no_unique_address]] lockdep::Watch watch_;
};

} // namespace faultline
