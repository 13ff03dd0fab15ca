// timerfd_create(2): a timer in a file. A read waits until it has expired, and returns how often.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). Those with 64 in their name pass seconds in 64 bits. INVAL: unknown
// clock or flags, a bad time, or not a timerfd; PERM: an alarm clock without CAP_WAKE_ALARM; BADF, MFILE, NOMEM, FAULT;
// CANCELED: the clock was set, and TFD_TIMER_CANCEL_ON_SET asks to be told.
Result<s32> sys_timerfd_create(s32 clock, u32 flags);
Result<u32> sys_timerfd_settime(s32 fd, u32 flags, UserAddr value, UserAddr old_value);
Result<u32> sys_timerfd_settime64(s32 fd, u32 flags, UserAddr value, UserAddr old_value);
Result<u32> sys_timerfd_gettime(s32 fd, UserAddr value);
Result<u32> sys_timerfd_gettime64(s32 fd, UserAddr value);

} // namespace faultline
