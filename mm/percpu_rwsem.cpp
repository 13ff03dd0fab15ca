// What happens when readers and writers meet.
#include "mm/percpu_rwsem.hpp"

namespace faultline {

// The next writer cannot raise the flag without the queue's lock; so either there is none, or this reader is counted
// among those whom the writer lets in.
void PercpuRwSemaphore::wait_for_turn() {
    const Guard lock(queue_.lock);
    if (!is_write_locked()) {
        count(1);
        return;
    }
    const u32 turn = turns_;
    ++waiting_readers_;
    while (turns_ == turn)
        park(queue_);
}

void PercpuRwSemaphore::wake_writer() {
    const Guard lock(queue_.lock);
    unpark_all(queue_);
}

void PercpuRwSemaphore::down_write() {
    watch_.about_to_wait(this);
    schedule_point("take a semaphore for writing");
    {
        const Guard lock(queue_.lock);
        while (is_write_locked())
            park(queue_);
        writer_.store(true, std::memory_order_seq_cst);
        while (readers() != 0)
            park(queue_);
    }
    watch_.taken(this);
}

void PercpuRwSemaphore::up_write() {
    watch_.released(this);
    const Guard lock(queue_.lock);
    count(waiting_readers_); // in their stead: they are inside from now on
    waiting_readers_ = 0;
    ++turns_;
    writer_.store(false, std::memory_order_seq_cst);
    unpark_all(queue_);
}

} // namespace faultline
