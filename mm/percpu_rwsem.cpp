// What happens when readers and writers meet.
#include "mm/percpu_rwsem.hpp"

namespace faultline {

// So that whoever holds the flag does not lower it in passing, but comes for the queue. False: nobody holds it. Caller
// holds queue_.lock, and so is in the queue before he comes.
bool PercpuRwSemaphore::ask_for_turn() {
    Writer held = Writer::Inside;
    return writer_.compare_exchange_strong(held, Writer::Awaited, std::memory_order_seq_cst) ||
           held == Writer::Awaited;
}

void PercpuRwSemaphore::wait_for_turn() {
    const Guard lock(queue_.lock);
    for (;;) {
        unpark_all(queue_); // a writer who saw this reader come, and waits until he is gone
        if (ask_for_turn())
            break;
        if (enter())
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

bool PercpuRwSemaphore::raise_flag() {
    Writer none = Writer::None;
    return writer_.compare_exchange_strong(none, Writer::Inside, std::memory_order_seq_cst);
}

void PercpuRwSemaphore::wait_for_writers() {
    const Guard lock(queue_.lock);
    while (!raise_flag())
        if (ask_for_turn())
            park(queue_);
}

void PercpuRwSemaphore::wait_for_readers() {
    const Guard lock(queue_.lock);
    while (readers() != 0)
        park(queue_);
}

void PercpuRwSemaphore::down_write() {
    watch_.about_to_wait(this);
    schedule_point("take a semaphore for writing");
    if (!raise_flag()) [[unlikely]]
        wait_for_writers();
    schedule_point("see whether there are readers");
    if (readers() != 0) [[unlikely]]
        wait_for_readers();
    watch_.taken(this);
}

// To the readers who wait, who are inside from now on: they are counted in their stead.
void PercpuRwSemaphore::give_turn() {
    const Guard lock(queue_.lock);
    count(waiting_readers_);
    waiting_readers_ = 0;
    ++turns_;
    writer_.store(Writer::None, std::memory_order_seq_cst);
    unpark_all(queue_);
}

void PercpuRwSemaphore::up_write() {
    watch_.released(this);
    schedule_point("give up a semaphore");
    Writer inside = Writer::Inside;
    if (!writer_.compare_exchange_strong(inside, Writer::None, std::memory_order_seq_cst)) [[unlikely]]
        give_turn();
}

} // namespace faultline
