// Scenarios on two processors: threads that stay where they are put, and wait for one another without entering the kernel,
// so that nothing but the scenario itself changes what a CPU's TLB holds.
#pragma once

#include <ulib/futex.hpp>

namespace faultline {

// This thread runs on that CPU from now on; the scenario ends with a message if the machine has no such CPU.
void pin_to(unsigned cpu);

// A thread of this process on another CPU, with a part to play. It spins while it is not asked to. One in a process; to
// be put to rest before this object goes.
class Companion {
  public:
    // Returns when the thread is there.
    Companion(unsigned cpu, void (*part)(void*), void* argument);

    void run();  // part(argument), over there
    void rest(); // no more: it sleeps until the process ends

  private:
    static void live(void* self);

    unsigned cpu_;
    void (*part_)(void*);
    void* argument_;
    Word& step_; // in a shared page: a fork that tells nobody must not come between the two threads
};

} // namespace faultline
