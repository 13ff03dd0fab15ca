// A worker: a process whose threads make calls until their number is used up, or something ends them.
#pragma once

#include "tests/fuzz/calls/shared.hpp"

namespace faultline::fuzz {

struct Part {
    unsigned seed;
    unsigned index;   // of the worker: its slots, and for an ordinary user its user id
    bool privileged;  // root, not an ordinary user
    bool real_time;   // root may choose a real-time policy
    unsigned monitor; // the process that watches
};

// Becomes that worker. Does not return.
[[noreturn]] void work(const Part& part, Shared& shared);

} // namespace faultline::fuzz
