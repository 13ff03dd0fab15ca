// A sleeping reader-writer lock for many readers: the mmap lock is one, and every fault reads. (Linux:
// kernel/locking/percpu-rwsem.c, which needs RCU to let a writer in; here barriers do, because a writer is rare.)
//
// A reader counts itself in and out on a cache line of its own CPU, and otherwise only reads one flag that nobody writes
// while there is no writer: readers on different CPUs share nothing that changes. Where a reader counts itself out is not
// where it counted itself in, if it slept meanwhile and moved; only the sum over all CPUs means anything. A writer raises
// the flag, which keeps new readers out, and waits until the sum is 0. Either the writer sees the reader's count or the
// reader sees the writer's flag: each writes its own and then reads the other's, sequentially consistent. A writer whom
// nobody awaits lowers it as simply; who waits for him says so in the flag, and then he comes for the queue.
//
// Fair by turns: a writer that gives the lock up lets in the readers that wait by then, and new readers wait for the next
// writer that waits, so neither side can starve the other.
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
            wake_writer(); // who saw this reader come
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
        Awaited // the same, and somebody is in the queue, or about to be, whom up_write must wake
    };

    // Only its own CPU writes a count, and no interrupt handler does; so it need not be an atomic addition.
    void count(u32 more) {
        std::atomic<u32>& here = readers_.here();
        here.store(here.load(std::memory_order_relaxed) + more, std::memory_order_seq_cst);
    }
    bool is_raised() const { return writer_.load(std::memory_order_seq_cst) != Writer::None; }
    bool enter() {
        count(1);
        if (!is_raised()) [[likely]]
            return true;
        schedule_point("turn back from a semaphore");
        count(~u32{0});
        return false;
    }
    void leave() {
        count(~u32{0});
        if (is_raised()) [[unlikely]]
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
    void wait_for_readers();
    void give_turn();

    PerCpu<std::atomic<u32>> readers_;
    std::atomic<Writer> writer_{Writer::None}; // the flag; becomes and ceases to be Awaited with lock_ held
    SpinLock lock_{"PercpuRwSemaphore"};       // guards all below
    ParkQueue waiting_readers_;
    ParkQueue waiting_writers_;
    ParkQueue next_writer_; // who has raised the flag, and waits until the readers are out
    u32 readers_to_let_in_ = 0;
    u32 turns_ = 0; // how often waiting readers were let in
    [[no_unique_address]] lockdep::Watch watch_;
};

} // namespace faultline
