// A run of one program under the control of its caller: which CPU acts next is the caller's choice, at every step. The
// program, its machine and its kernel stand still in between, and state() tells everything about them
// (docs/explorer-engine.md). There is one machine, so there is one session at a time.
//
// There is no way back: a caller that wants to go back makes another session and repeats the choices, which leads to
// the same again.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arch/model/execution.hpp"
#include "base/trace.hpp"
#include "interleave/program.hpp"
#include "interleave/settings.hpp"
#include "interleave/verdict.hpp"

namespace faultline::interleave {

class Session {
  public:
    // Makes the machine, and sets the program up. No CPU has begun.
    Session(const Maker& make, const Settings& settings);
    // What has not finished runs on to its end, unwatched: a loop that cannot end keeps it from returning.
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    Verdict verdict() const { return verdict_; }
    const std::string& text() const { return text_; } // what is wrong, a sentence
    bool over() const { return verdict_ != Verdict::Running; }
    u64 steps() const { return steps_; }

    // The CPUs that may act now, the one that acted last first if it is among them. None if the run is over.
    std::span<const u32> able() const { return able_; }

    // One step of a CPU. False, and nothing happens, if that CPU may not act now.
    bool step(u32 cpu);

    // Many steps.
    struct Way {
        bool at_random = false; // otherwise whoever acts goes on as long as it can
        u64 seed = 0;           // of the random choices
        StationMask until = 0;  // stops after the step in which one of these is passed
        u64 most_steps = 1'000'000;
    };
    enum class Stop : u8 { Over, Passed, MostSteps };
    Stop run(const Way& way);

    // Everything in view, as JSON. The stations and the CPUs that acted are those since the last call.
    std::string state();

  private:
    class Stepper;
    static void drive(void* session);
    void run_program();
    void note(const std::vector<TraceRecord>& records);

    const WithSettings as_booted_;
    Maker make_;
    model::TlbPolicy tlb_;
    model::Executions executions_; // two: the caller's, and the one in which the program and all its CPUs run
    model::Execution* caller_ = nullptr;
    model::Execution* driver_ = nullptr;
    std::unique_ptr<Stepper> stepper_;
    std::unique_ptr<Program> program_;
    std::vector<u32> able_;
    Verdict verdict_ = Verdict::Running;
    std::string text_;
    std::string last_view_; // when the last CPU had finished, or something went wrong
    u64 steps_ = 0;
    std::vector<u8> acted_;
    std::vector<TraceRecord> passed_;
    StationMask passed_in_step_ = 0;
};

} // namespace faultline::interleave
