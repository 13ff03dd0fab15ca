// How those who wait for a file get to the wait queues that the file wakes (Linux include/linux/poll.h). poll(2),
// select(2) and epoll(7) each pass a table of their own to the file's `poll`.
#pragma once

#include "abi/fs/file.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

struct PollTable {
    // Queues an entry of the waiter on `queue`, which lives as long as `file` is open. Does not sleep.
    void (*add)(PollTable& table, File& file, WaitQueue& queue) = nullptr;
    u32 events = 0; // what the waiter wants to know of the file: POLLIN | POLLOUT | …
};

// FileOps::poll calls this for each of its queues, before it looks at the state. `table` nullptr: nobody waits. (Linux:
// the same name.)
inline void poll_wait(File& file, WaitQueue& queue, PollTable* table) {
    if (table != nullptr)
        table->add(*table, file, queue);
}

} // namespace faultline
