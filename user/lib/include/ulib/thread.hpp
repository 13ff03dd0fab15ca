// Threads, through clone(2). The thread pointer (TPIDRURO) points to a ThreadControl; the main thread's is static.
#pragma once

#include <ulib/futex.hpp>

namespace faultline {

struct ThreadControl {
    int errno_value; // newlib's errno of this thread; the main thread's is in newlib's own structure
};

inline ThreadControl* current_thread() {
    ThreadControl* control;
    __asm__("mrc p15, 0, %0, c13, c0, 3" : "=r"(control)); // TPIDRURO (ARM ARM B4.1.150), readable in user mode
    return control;
}

class Thread {
  public:
    // Starts `function(argument)` on a stack of its own with a guard page below it. 0 or −errno. When the thread has
    // ended, the kernel clears `exit_word` and wakes its waiters (CLONE_CHILD_CLEARTID); without one, it uses a word of
    // this object.
    long start(void (*function)(void*), void* argument, Word* exit_word = nullptr);

    // Waits until the kernel no longer uses the thread's stack, and frees it. Call it once per start; with an
    // `exit_word`, only if the kernel can write that word.
    void join();

    int id() const { return id_; }

  private:
    Word alive_{0}; // the thread's id until the kernel clears it
    Word* exit_word_ = &alive_;
    int id_ = 0;
    void* stack_ = nullptr; // lowest mapped address, guard included
};

} // namespace faultline
