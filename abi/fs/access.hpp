// Asking what the caller may do with a file (access(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_access(UserAddr path, u32 mode);
Result<u32> sys_faccessat(s32 dirfd, UserAddr path, u32 mode);
Result<u32> sys_faccessat2(s32 dirfd, UserAddr path, u32 mode, u32 flags);

} // namespace faultline
