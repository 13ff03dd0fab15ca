// Reads and writes struct timespec in user memory, in both of its sizes.
#pragma once

#include "arch/contract/uaccess.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

// struct timespec with the layout of an ARM program, on the target and on the host.
struct Timespec32 { // system calls without a suffix
    s32 tv_sec;
    s32 tv_nsec;
};
struct Timespec64 { // system calls named *_time64 or *64
    s64 tv_sec;
    s64 tv_nsec;
};

// A time in nanoseconds, or NO_DEADLINE if it does not fit in 64 bits. INVAL: a negative time, or a billion nanoseconds
// or more. The upper word of a 64-bit tv_nsec is padding and is ignored. (Linux kernel/time/time.c get_timespec64.)
template <class Timespec>
Result<u64> timespec_ns(const Timespec& time) {
    const auto nanoseconds = static_cast<s32>(time.tv_nsec);
    if (time.tv_sec < 0 || nanoseconds < 0 || nanoseconds >= static_cast<s32>(NSEC_PER_SEC))
        return Err(Errno::INVAL);
    const u64 seconds = static_cast<u64>(time.tv_sec);
    if (seconds >= NO_DEADLINE / NSEC_PER_SEC)
        return NO_DEADLINE;
    return seconds * NSEC_PER_SEC + static_cast<u64>(nanoseconds);
}

// Reads the timespec at `from` and returns it likewise. FAULT: `from` cannot be read; INVAL.
template <class Timespec>
Result<u64> get_timespec(UserAddr from) {
    Timespec time;
    TRY_VOID(copy_struct_from_user(&time, from, sizeof time));
    return timespec_ns(time);
}

// Writes `nanoseconds` to `to` as a timespec. The seconds are cut to the size of tv_sec. FAULT.
template <class Timespec>
Result<void> put_timespec(UserAddr to, u64 nanoseconds) {
    Timespec time = {};
    time.tv_sec = static_cast<decltype(time.tv_sec)>(nanoseconds / NSEC_PER_SEC);
    time.tv_nsec = static_cast<decltype(time.tv_nsec)>(nanoseconds % NSEC_PER_SEC);
    return copy_struct_to_user(to, &time, sizeof time);
}

} // namespace faultline
