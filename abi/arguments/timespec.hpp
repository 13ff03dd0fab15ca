// Times as programs pass them: the two sizes of struct timespec.
#pragma once

#include "arch/contract/uaccess.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

// struct timespec as ARM programs lay it out, on whatever machine this is compiled for.
struct Timespec32 { // the calls without a suffix
    s32 tv_sec;
    s32 tv_nsec;
};
struct Timespec64 { // *_time64
    s64 tv_sec;
    s64 tv_nsec;
};

// Nanoseconds of a program's timespec. FAULT; INVAL: negative, or a billion nanoseconds and more. What does
// not fit 64 bits is NO_DEADLINE. The padding of a 64-bit timespec's nanoseconds is not looked at (Linux:
// in_compat_syscall aside, 32-bit programs may leave rubbish there).
template <class Timespec>
Result<u64> get_timespec(UserAddr from) {
    Timespec time;
    TRY_VOID(copy_struct_from_user(&time, from, sizeof time));
    const auto nanoseconds = static_cast<s32>(time.tv_nsec);
    if (time.tv_sec < 0 || nanoseconds < 0 || nanoseconds >= static_cast<s32>(NSEC_PER_SEC))
        return Err(Errno::INVAL);
    const u64 seconds = static_cast<u64>(time.tv_sec);
    if (seconds >= NO_DEADLINE / NSEC_PER_SEC)
        return NO_DEADLINE;
    return seconds * NSEC_PER_SEC + static_cast<u64>(nanoseconds);
}

template <class Timespec>
Result<void> put_timespec(UserAddr to, u64 nanoseconds) {
    Timespec time = {};
    time.tv_sec = static_cast<decltype(time.tv_sec)>(nanoseconds / NSEC_PER_SEC);
    time.tv_nsec = static_cast<decltype(time.tv_nsec)>(nanoseconds % NSEC_PER_SEC);
    return copy_struct_to_user(to, &time, sizeof time);
}

} // namespace faultline
