// What happens when readers and writers meet.
#include "mm/percpu_rwsem.hpp"

namespace faultline {

// The next writer cannot raise the flag without the queue's lock; so either there is none, or this reader is counted
// among those whom the writer lets in.
void PercpuRwSemaphore::wait_for_turn() {
    const Guard lock(lock_);
    if (!is_write_locked()) {
        count(1);
        return;
    }
    const u32 turn = turns_;
    ++readers_to_let_in_;
    while (turns_ == turn)
        park(waiting_readers_, lock_);
}

void PercpuRwSemaphore::wake_writer() {
    const Guard lock(lock_);
    if (readers() == 0)
        unpark_one(next_writer_);
}

void PercpuRwSemaphore::down_write() {
    watch_.about_to_wait(this);
    schedule_point("take a semaphore for writing");
    {
        const Guard lock(lock_);
        while (is_write_locked())
            park(waiting_writers_, lock_);
        writer_.store(true, std::memory_order_seq_cst);
        while (readers() != 0)
            park(next_writer_, lock_);
    }
    watch_.taken(this);
}

void PercpuRwSemaphore::up_write() {
    watch_.released(this);
    const Guard lock(lock_);
    count(readers_to_let_in_); // in their stead: they are inside from now on
    readers_to_let_in_ = 0;
    ++turns_;
    writer_.store(false, std::memory_order_seq_cst);
    unpark_all(waiting_readers_);
    unpark_one(waiting_writers_);
}

} // namespace faultline
