// Files that have no name in the tree (memfd_create(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_memfd_create(UserAddr name, u32 flags);

} // namespace faultline
