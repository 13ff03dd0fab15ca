// The system calls about POSIX timers (timer_create(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. Those with 64 in their name pass seconds in 64
// bits. INVAL: no such timer, or a bad time. FAULT. sys_timer_create: INVAL: no such clock, or a bad sigevent;
// OPNOTSUPP: a clock without timers; AGAIN: no memory.
Result<u32> sys_timer_create(s32 clock, UserAddr event, UserAddr id);
Result<u32> sys_timer_settime(s32 id, u32 flags, UserAddr value, UserAddr old_value);
Result<u32> sys_timer_settime64(s32 id, u32 flags, UserAddr value, UserAddr old_value);
Result<u32> sys_timer_gettime(s32 id, UserAddr value);
Result<u32> sys_timer_gettime64(s32 id, UserAddr value);
Result<u32> sys_timer_getoverrun(s32 id);
Result<u32> sys_timer_delete(s32 id);

} // namespace faultline
