// Threads over clone(2). The thread pointer (TPIDRURO) leads to a ThreadControl; the main thread has a
// static one.
#pragma once

#include <ulib/futex.hpp>

namespace faultline {

struct ThreadControl {
    int errno_value; // newlib's errno of this thread; the main thread's lives in newlib's own structure
};

inline ThreadControl* current_thread() {
    ThreadControl* control;
    __asm__("mrc p15, 0, %0, c13, c0, 3" : "=r"(control)); // TPIDRURO (ARM ARM B4.1.150), readable in user mode
    return control;
}

class Thread {
  public:
    // Starts `function(argument)` on a stack of its own with a guard page below; 0 or −errno. `exit_word`,
    // if given, is what the kernel clears and wakes when the thread is gone (CLONE_CHILD_CLEARTID), instead
    // of our own.
    long start(void (*function)(void*), void* argument, Word* exit_word = nullptr);

    // Waits until the kernel has let go of the thread's stack, and frees it. Once per start; not with
    // `exit_word` unless the kernel can really write it.
    void join();

    int id() const { return id_; }

  private:
    Word alive_{0}; // the thread's id until the kernel clears it
    Word* exit_word_ = &alive_;
    int id_ = 0;
    void* stack_ = nullptr; // lowest mapped address, guard included
};

} // namespace faultline
