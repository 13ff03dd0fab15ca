// A program: what a few CPUs do at the same time, and what must be true afterwards. explore() runs it under every
// schedule up to a bound, on every back end, with TLBs of every temper; storm() runs it under many random schedules.
#pragma once

#include <vector>

#include "tests/interleave/schedules.hpp"
#include "tests/interleave/world.hpp"

namespace faultline::interleave {

class Program : protected World {
  public:
    using World::World;
    virtual ~Program() = default;

    // One run. If something is wrong, throws it with the steps that led there.
    void run_under(model::Schedule& schedule);
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

inline constexpr u32 UNBOUNDED = ~u32{0};

// Fails the running test at the first schedule on which something is wrong, and prints the steps that led there. Prints
// how many schedules there were.
enum class Tlbs : u8 { OfEveryTemper, OneWillDo }; // OneWillDo: no step depends on the TLBs
void explore(MakeProgram make, u32 preemptions, Tlbs tlbs = Tlbs::OfEveryTemper);
void storm(MakeProgram make, u32 runs, Tlbs tlbs = Tlbs::OfEveryTemper);

template <class P, u32 CPUS = 2>
std::unique_ptr<Program> make(const model::TlbPolicy& tlb) {
    return std::make_unique<P>(CPUS, tlb);
}

} // namespace faultline::interleave
