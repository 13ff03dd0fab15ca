// What happens when readers and writers meet.
#include "mm/percpu_rwsem.hpp"

namespace faultline {

// So that whoever holds the flag does not lower it in passing, but comes for the queue. False: nobody holds it. Caller
// holds lock_, and so is in the queue before he comes.
bool PercpuRwSemaphore::ask_for_turn() {
    Writer held = Writer::Inside;
    return writer_.compare_exchange_strong(held, Writer::Awaited, std::memory_order_seq_cst) || held == Writer::Awaited;
}

// If nobody is in his way any more. Caller holds lock_.
void PercpuRwSemaphore::let_writer_in() {
    if (readers() == 0)
        unpark_one(next_writer_);
}

void PercpuRwSemaphore::wait_for_turn() {
    const Guard lock(lock_);
    for (;;) {
        let_writer_in(); // one who saw this reader come, and waits until he is gone
        if (ask_for_turn())
            break;
        if (enter())
            return;
    }
    const u32 turn = turns_;
    ++readers_to_let_in_;
    while (turns_ == turn)
        park(waiting_readers_, lock_);
}

void PercpuRwSemaphore::wake_writer() {
    const Guard lock(lock_);
    let_writer_in();
}

bool PercpuRwSemaphore::raise_flag() {
    Writer none = Writer::None;
    return writer_.compare_exchange_strong(none, Writer::Inside, std::memory_order_seq_cst);
}

void PercpuRwSemaphore::wait_for_writers() {
    const Guard lock(lock_);
    while (!raise_flag())
        if (ask_for_turn())
            park(waiting_writers_, lock_);
    if (!waiting_writers_.sleepers.empty()) // one of several was woken: this one
        writer_.store(Writer::Awaited, std::memory_order_seq_cst);
}

void PercpuRwSemaphore::wait_for_readers() {
    const Guard lock(lock_);
    while (readers() != 0)
        park(next_writer_, lock_);
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
    const Guard lock(lock_);
    count(readers_to_let_in_);
    readers_to_let_in_ = 0;
    ++turns_;
    writer_.store(Writer::None, std::memory_order_seq_cst);
    unpark_all(waiting_readers_);
    unpark_one(waiting_writers_);
}

void PercpuRwSemaphore::up_write() {
    watch_.released(this);
    schedule_point("give up a semaphore");
    Writer inside = Writer::Inside;
    if (!writer_.compare_exchange_strong(inside, Writer::None, std::memory_order_seq_cst)) [[unlikely]]
        give_turn();
}

} // namespace faultline
