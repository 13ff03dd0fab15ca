// Branches that are taken or not, until somebody says otherwise: on a modelled machine, a test of a bit.
#pragma once

#include <atomic>

#include "base/types.hpp"

namespace faultline {

inline std::atomic<u64> static_branch_keys{0};

template <u32 KEY>
inline bool static_branch() {
    return (static_branch_keys.load(std::memory_order_relaxed) >> KEY & 1) != 0;
}

// Takes the branches of each key whose bit is set in `keys`, and no other.
inline void static_branches_set(u64 keys) { static_branch_keys.store(keys, std::memory_order_relaxed); }

} // namespace faultline
