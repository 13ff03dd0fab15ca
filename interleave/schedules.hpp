// How to choose the CPU that makes the next step: in every way up to a bound, or at random.
#pragma once

#include <random>
#include <vector>

#include "arch/model/interleaver.hpp"

namespace faultline::interleave {

// All schedules in which a CPU that could go on is made to wait at most `preemptions` times. Where it cannot go on,
// because it waits or has ended, every other CPU is tried, which counts nothing. Most errors need few preemptions (M.
// Musuvathi and S. Qadeer, "Iterative context bounding for systematic testing of multithreaded programs", PLDI 2007).
//
// A depth-first walk through the tree of choices: each run repeats the choices of the run before, up to the last one
// that had an alternative left, and takes that.
class EverySchedule final : public model::Schedule {
  public:
    explicit EverySchedule(u32 preemptions) : bound_(preemptions) {}

    // Call it before each run. Returns false if there are no more schedules.
    bool next();

    u32 choose(std::span<const u32> able, bool acting_is_able) override;

  private:
    struct Choice {
        u32 taken;
        u32 alternatives;
        bool first_is_free; // taking another than the first is a preemption
    };
    u32 bound_;
    bool begun_ = false;
    std::vector<Choice> choices_;
    std::size_t position_ = 0;
    u32 preemptions_ = 0; // in this run so far
};

// One schedule, in which a CPU that could go on is interrupted at every fourth point, on average.
class RandomSchedule final : public model::Schedule {
  public:
    explicit RandomSchedule(u64 seed) : random_(seed) {}
    u32 choose(std::span<const u32> able, bool acting_is_able) override;

  private:
    std::mt19937_64 random_;
};

} // namespace faultline::interleave
