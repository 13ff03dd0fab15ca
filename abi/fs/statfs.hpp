// What a file system is (statfs(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_statfs64(UserAddr path, u32 size, UserAddr buffer);
Result<u32> sys_fstatfs64(s32 fd, u32 size, UserAddr buffer);

} // namespace faultline
