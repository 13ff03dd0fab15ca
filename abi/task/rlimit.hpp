// What a process may use: the limits of getrlimit(2), as every room reads them. abi/process/rlimit.cpp has the calls.
#pragma once

#include "base/relaxed.hpp"
#include "base/types.hpp"

namespace faultline {

struct ResourceLimit { // as prlimit(2) passes it
    u64 soft = ~u64{0};
    u64 hard = ~u64{0};
};

// One that binds a process. A page fault or the clock's tick may read it while prlimit(2) sets it, and neither takes the
// lock under which that is done: each half is read whole.
class LimitInForce {
  public:
    Relaxed<u64> soft = ~u64{0};
    Relaxed<u64> hard = ~u64{0};

    LimitInForce() = default;
    LimitInForce& operator=(const ResourceLimit& next) {
        soft = next.soft;
        hard = next.hard;
        return *this;
    }
    operator ResourceLimit() const { return {soft, hard}; }
};
inline constexpr u32 RLIM_COUNT = 16; // asm-generic/resource.h RLIM_NLIMITS

} // namespace faultline
