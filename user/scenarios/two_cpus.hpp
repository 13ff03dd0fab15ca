// Scenarios on two processors: threads that stay on their CPU and wait for one another without entering the kernel, so
// that nothing but the scenario itself changes what a CPU's TLB holds.
#pragma once

#include <ulib/futex.hpp>

namespace faultline {

// Binds this thread to that CPU. Ends the scenario with a message if the machine has no such CPU.
void pin_to(unsigned cpu);

// A thread of this process on another CPU, which runs one function when it is asked to, and spins otherwise. A process
// may have one; call rest() before this object goes.
class Companion {
  public:
    // Returns when the thread is on its CPU.
    Companion(unsigned cpu, void (*part)(void*), void* argument);

    void run();  // part(argument), on that CPU
    void rest(); // no more: it sleeps until the process ends

  private:
    static void live(void* self);

    unsigned cpu_;
    void (*part_)(void*);
    void* argument_;
    Word& step_; // in a shared page: with tlb=broken, fork could give the two threads different copies of a private one
};

} // namespace faultline
