// The resource limits of a process (getrlimit(2)). The system calls that read and set them are in
// abi/process/rlimit.cpp.
#pragma once

#include "base/relaxed.hpp"
#include "base/types.hpp"

namespace faultline {

struct ResourceLimit { // struct rlimit64 of prlimit(2); all ones is "no limit"
    u64 soft = ~u64{0};
    u64 hard = ~u64{0};
};

// A limit of a process. prlimit(2) sets it under the kernel lock, which page faults and the tick do not take when they
// read it. So each half is read and written as a whole, but the two halves may come from different settings.
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
