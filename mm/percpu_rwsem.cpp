// The slow paths of the reader-writer lock: what happens when readers and writers meet.
#include "mm/percpu_rwsem.hpp"

namespace faultline {

// Sets a raised flag to Awaited, so that its writer will wake the queue. False: the flag is not raised. Caller holds
// lock_ and keeps it until it is in the queue: the writer needs lock_ to wake the queue.
bool PercpuRwSemaphore::ask_for_turn() {
    Writer held = Writer::Inside;
    return writer_.compare_exchange_strong(held, Writer::Awaited, std::memory_order_seq_cst) || held == Writer::Awaited;
}

// Wakes the writer that raised the flag, if all readers have left. Caller holds lock_.
void PercpuRwSemaphore::let_writer_in() {
    if (readers() == 0)
        unpark_one(next_writer_);
}

void PercpuRwSemaphore::wait_for_turn() {
    const Guard lock(lock_);
    for (;;) {
        let_writer_in(); // it may have counted this reader, which has turned back
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
    bool overtaken = false;
    while (!raise_flag()) {
        if (!ask_for_turn())
            continue;
        if (overtaken) {
            wait_for_hand_over();
            break;
        }
        park(waiting_writers_, lock_);
        overtaken = true; // unless the flag can be raised now
    }
    if (!waiting_writers_.sleepers.empty() || handed_over_ != overtaken_) // only this one was woken
        writer_.store(Writer::Awaited, std::memory_order_seq_cst);
}

// Afterwards the flag is raised for this task. Caller holds lock_ and has asked for its turn: while anyone waits here the
// flag stays Awaited, so the writer comes to give_turn(). What is handed over to one cannot be taken by another.
void PercpuRwSemaphore::wait_for_hand_over() {
    const u32 number = ++overtaken_;
    while (static_cast<s32>(handed_over_ - number) < 0)
        park(overtaken_writers_, lock_);
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

// Gives the lock to the waiting readers, and to a writer after them. The readers are inside from here on, so they are
// counted here, in one step.
void PercpuRwSemaphore::give_turn() {
    const Guard lock(lock_);
    count(readers_to_let_in_, std::memory_order_relaxed);
    readers_to_let_in_ = 0;
    ++turns_;
    unpark_all(waiting_readers_);
    if (handed_over_ != overtaken_) { // the flag stays raised
        ++handed_over_;
        unpark_all(overtaken_writers_); // the one with this number goes on
        return;
    }
    writer_.store(Writer::None, std::memory_order_seq_cst);
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
