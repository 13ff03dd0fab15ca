// System V message queues (msgget(2), msgop(2), msgctl(2)): messages with a type, received in order or by type.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

void init_msg(); // at boot, once

// System calls (contract: abi/syscall/table.cpp). `message` points to a struct msgbuf; `size`: bytes of its text.
// Errors as the man pages say; msgsnd() and msgrcv() return RESTARTNOHAND when a signal ends the wait.
Result<s32> sys_msgget(s32 key, u32 flags);
Result<u32> sys_msgsnd(s32 id, UserAddr message, u32 size, u32 flags);
Result<u32> sys_msgrcv(s32 id, UserAddr message, u32 size, s32 type, u32 flags); // returns the bytes of text
Result<s32> sys_msgctl(s32 id, s32 command, UserAddr buffer);

} // namespace faultline
