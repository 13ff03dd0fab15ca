// Threads and the scheduler's classes, as the figures need them.
#pragma once

#include <ulib/futex.hpp>

#include "tests/bench/program/main.hpp"

namespace faultline::bench {

// Starts function(argument) in a thread whose stack ends at `top`. When it ends, the kernel clears *exit_word and wakes
// its waiters; without one, nobody is told.
void start_thread(char* top, void (*function)(void*), void* argument, Word* exit_word = nullptr);
void join(Word& exit_word);

// While one exists, this task runs in the class SCHED_FIFO, and so do its children.
class RealTime {
  public:
    RealTime() { set(SCHED_FIFO, 10); }
    ~RealTime() { set(SCHED_NORMAL, 0); }
    static void set(int policy, int priority);
};

} // namespace faultline::bench
