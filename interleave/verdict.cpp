// Names of verdicts, and which exception means which (interleave/verdict.hpp).
#include "interleave/verdict.hpp"

#include "arch/model/interleaver.hpp"
#include "interleave/invariants.hpp"

namespace faultline::interleave {

const char* verdict_name(Verdict verdict) {
    switch (verdict) {
    case Verdict::Running:
        return "running";
    case Verdict::Ended:
        return "ended";
    case Verdict::Violation:
        return "violation";
    case Verdict::Livelock:
        return "livelock";
    case Verdict::Deadlock:
        break;
    }
    return "deadlock";
}

Verdict verdict_of(const std::exception& wrong) {
    if (dynamic_cast<const Livelock*>(&wrong) != nullptr)
        return Verdict::Livelock;
    return dynamic_cast<const model::Deadlock*>(&wrong) != nullptr ? Verdict::Deadlock : Verdict::Violation;
}

} // namespace faultline::interleave
