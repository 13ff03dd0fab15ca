// The working directory (getcwd(2), chdir(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_getcwd(UserAddr buffer, u32 size);
Result<u32> sys_chdir(UserAddr path);
Result<u32> sys_fchdir(s32 fd);

} // namespace faultline
