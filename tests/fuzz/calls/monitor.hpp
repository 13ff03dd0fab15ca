// The monitor: starts the workers, replaces those that end, kills some in the middle of a call, and checks meanwhile that
// the kernel answers rightly and in time, and afterwards that everything is given back.
#pragma once

namespace faultline::fuzz {

struct Plan {
    unsigned seed;
    unsigned calls;       // at least so many
    unsigned latest_ms;   // how late the monitor may be woken; 0: any time
    unsigned first_round; // 0: from the start
};

// Returns the program's exit status: 0 if nothing was wrong.
int watch(const Plan& plan);

} // namespace faultline::fuzz
