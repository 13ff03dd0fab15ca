// The working directory (getcwd(2), chdir(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). getcwd() returns the bytes of the path with its NUL. RANGE: they are
// more than `size`; NOENT: the directory was removed. chdir() and fchdir() return NOTDIR, or ACCES if current may not
// search the directory.
Result<u32> sys_getcwd(UserAddr buffer, u32 size);
Result<u32> sys_chdir(UserAddr path);
Result<u32> sys_fchdir(s32 fd);

} // namespace faultline
