// A program: what a few CPUs do at the same time, and what must be true afterwards.
#pragma once

#include <memory>

#include "interleave/world.hpp"

namespace faultline::interleave {

class Program : protected World {
  public:
    using World::World;
    // One run. Throws what is wrong, if anything is.
    void run_under(model::Schedule& schedule);
    using World::history;
    using World::steps;

  protected:
    virtual void set_up() = 0; // on CPU 0, before the run
    virtual void cpu0() {}     // what each CPU does
    virtual void cpu1() {}
    virtual void cpu2() {}
    virtual void cpu(u32 number); // the three above, unless all do the same
    virtual void check() = 0;     // on CPU 0, afterwards
};

using MakeProgram = std::unique_ptr<Program> (*)(const model::TlbPolicy& tlb);
using Maker = std::function<std::unique_ptr<Program>(const model::TlbPolicy& tlb)>;

template <class P, u32 CPUS = 2>
std::unique_ptr<Program> make(const model::TlbPolicy& tlb) {
    return std::make_unique<P>(CPUS, tlb);
}

// Destroys it. One that has a CPU that stopped for ever stays instead: what that CPU holds could not be had.
void take_down(std::unique_ptr<Program>& program);

} // namespace faultline::interleave
