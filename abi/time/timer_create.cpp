// Decodes and checks the arguments of the system calls about POSIX timers.
#include "abi/time/timer_create.hpp"

#include <linux/time.h>

#include "abi/arguments/timespec.hpp"
#include "abi/signal/queue.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/task/timers.hpp"
#include "abi/time/clock.hpp"
#include "abi/time/posix_timers.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

// struct sigevent with the layout of an ARM program (sigevent(7)).
struct SigEvent {
    u32 value;
    s32 signo;
    s32 notify;
    s32 thread_id;
    u32 unused[12];
};

// INVAL: no such clock. OPNOTSUPP: a clock without timers.
Result<void> check_clock(s32 clock) {
    if (clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
        return Err(Errno::OPNOTSUPP);
    TRY(read_clock(clock));
    return {};
}

Result<void> check_event(const SigEvent& event) {
    switch (event.notify) {
    case SIGEV_NONE:
        return {};
    case SIGEV_SIGNAL | SIGEV_THREAD_ID: {
        const Task* thread = find_task_by_vpid(event.thread_id);
        if (thread == nullptr || thread->group != &current_group())
            return Err(Errno::INVAL);
        [[fallthrough]];
    }
    case SIGEV_SIGNAL:
    case SIGEV_THREAD: // like SIGEV_SIGNAL; the C library itself asks for SIGEV_THREAD_ID
        return valid_signal(event.signo) ? Result<void>() : Err(Errno::INVAL);
    default:
        return Err(Errno::INVAL);
    }
}

Result<PosixTimer*> timer_of(s32 id) {
    PosixTimer* timer = posix_timer_find(id);
    if (timer == nullptr)
        return Err(Errno::INVAL);
    return timer;
}

template <class Timespec>
Result<void> put_setting(UserAddr to, u64 interval_ns, u64 left_ns) {
    TRY_VOID(put_timespec<Timespec>(to, interval_ns));
    return put_timespec<Timespec>(to + u32{sizeof(Timespec)}, left_ns);
}

template <class Timespec>
Result<u32> gettime(s32 id, UserAddr value) {
    const PosixTimer& timer = *TRY(timer_of(id));
    TRY_VOID(put_setting<Timespec>(value, timer.interval_ns, posix_timer_remaining(timer)));
    return 0u;
}

template <class Timespec>
Result<u32> settime(s32 id, u32 flags, UserAddr value, UserAddr old_value) {
    if (value.value() == 0)
        return Err(Errno::INVAL);
    const u64 interval = TRY(get_timespec<Timespec>(value));
    const u64 first = TRY(get_timespec<Timespec>(value + u32{sizeof(Timespec)}));
    PosixTimer& timer = *TRY(timer_of(id));
    const u64 old_interval = timer.interval_ns, old_left = posix_timer_remaining(timer);
    posix_timer_set(timer, first, interval, (flags & TIMER_ABSTIME) == 0);
    if (old_value.value() != 0)
        TRY_VOID(put_setting<Timespec>(old_value, old_interval, old_left));
    return 0u;
}

} // namespace

Result<u32> sys_timer_create(s32 clock, UserAddr event_address, UserAddr id) {
    TRY_VOID(check_clock(clock));
    SigEvent event = {};
    event.notify = SIGEV_SIGNAL;
    event.signo = SIGALRM;
    if (event_address.value() != 0)
        TRY_VOID(copy_struct_from_user(&event, event_address, sizeof event));
    TRY_VOID(check_event(event));
    const bool to_thread = event.notify == (SIGEV_SIGNAL | SIGEV_THREAD_ID);
    PosixTimer& timer =
        *TRY(posix_timer_create(clock, event.notify, event.signo, event.value, to_thread ? event.thread_id : 0));
    if (event_address.value() == 0) // without a sigevent, sigev_value is the timer's id (timer_create(2))
        timer.signal->info.fields[2] = static_cast<u32>(timer.id);
    if (const auto put = put_user_u32(id, static_cast<u32>(timer.id)); !put) {
        posix_timer_delete(timer);
        return Err(put.error());
    }
    return 0u;
}

Result<u32> sys_timer_settime(s32 id, u32 flags, UserAddr value, UserAddr old_value) {
    return settime<Timespec32>(id, flags, value, old_value);
}
Result<u32> sys_timer_settime64(s32 id, u32 flags, UserAddr value, UserAddr old_value) {
    return settime<Timespec64>(id, flags, value, old_value);
}
Result<u32> sys_timer_gettime(s32 id, UserAddr value) { return gettime<Timespec32>(id, value); }
Result<u32> sys_timer_gettime64(s32 id, UserAddr value) { return gettime<Timespec64>(id, value); }

Result<u32> sys_timer_getoverrun(s32 id) { return TRY(timer_of(id))->last_overrun; }

Result<u32> sys_timer_delete(s32 id) {
    posix_timer_delete(*TRY(timer_of(id)));
    return 0u;
}

} // namespace faultline
