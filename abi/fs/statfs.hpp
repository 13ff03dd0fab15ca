// The file system of a file (statfs(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). `size`: of the structure, 84 or 88 bytes; any other is INVAL. BADF,
// FAULT, and the errors of walk_path().
Result<u32> sys_statfs64(UserAddr path, u32 size, UserAddr buffer);
Result<u32> sys_fstatfs64(s32 fd, u32 size, UserAddr buffer);

} // namespace faultline
