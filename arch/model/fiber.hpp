// A stack, and what is suspended on it. fiber.cpp makes it of ucontext; where there is no such thing, another file does
// (explorer/engine/fiber.cpp).
#pragma once

#include <memory>

namespace faultline::model {

class Fiber {
  public:
    Fiber();                                     // the stack that runs now
    Fiber(void (*entry)(void*), void* argument); // a new one, on which entry(argument) will run. It must not return
    ~Fiber();                                    // suspended for good: nothing on its stack is unwound
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // Suspends this one, which runs, and continues `next`. Returns when another continues this one. `last`: none will.
    void switch_to(Fiber& next, bool last = false);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace faultline::model
