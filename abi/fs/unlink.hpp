// Taking names away (unlink(2), rmdir(2)).
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// unlink(2) from the kernel, on current's behalf.
Result<void> kernel_unlink(std::string_view path);

// System calls.
Result<u32> sys_unlink(UserAddr path);
Result<u32> sys_unlinkat(s32 dirfd, UserAddr path, u32 flags);
Result<u32> sys_rmdir(UserAddr path);

} // namespace faultline
