// How a run ended.
#pragma once

#include <exception>

#include "base/types.hpp"

namespace faultline::interleave {

enum class Verdict : u8 {
    Running,
    Ended,     // every CPU has done all its work, and what must be true afterwards is
    Violation, // something is wrong: the exception says what
    Livelock,  // the kernel has found a loop that cannot end; the exception names it as the kernel does
    Deadlock,  // every CPU that has not finished waits for another
};
const char* verdict_name(Verdict verdict);

// Of a run that ended with this exception.
Verdict verdict_of(const std::exception& wrong);

} // namespace faultline::interleave
