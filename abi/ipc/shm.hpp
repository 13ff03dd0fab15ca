// System V shared memory (shmget(2), shmop(2), shmctl(2)). A segment has a number and is kept until it is removed.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). `size`: bytes. Errors as the man pages say.
Result<s32> sys_shmget(s32 key, u32 size, u32 flags);
Result<UserAddr> sys_shmat(s32 id, UserAddr address, u32 flags);
Result<u32> sys_shmdt(UserAddr address);
Result<s32> sys_shmctl(s32 id, s32 command, UserAddr buffer);

} // namespace faultline
