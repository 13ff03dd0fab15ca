// adjtimex(2). What a program like ntpd says about the clock is kept and shown; it can step the clock, but not slew it.
// (Linux 6.1 kernel/time/ntp.c __do_adjtimex, kernel/time/timekeeping.c timekeeping_validate_timex.)
#include "abi/time/adjtimex.hpp"

#include <linux/capability.h>
#include <linux/time.h>

#include "abi/cred/cred.hpp"
#include "abi/time/clock.hpp"
#include "abi/time/posix_timers.hpp"
#include "abi/time/realtime.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

enum Mode : u32 { // linux/timex.h ADJ_*, which needs a C library's struct timeval
    OFFSET = 0x1,
    FREQUENCY = 0x2,
    MAXERROR = 0x4,
    ESTERROR = 0x8,
    STATUS = 0x10,
    TIMECONST = 0x20,
    TAI = 0x80,
    SETOFFSET = 0x100,
    MICRO = 0x1000,
    NANO = 0x2000,
    TICK = 0x4000,
    ADJTIME = 0x8000, // adjtime(3), with OFFSET; with NANO's bit it only asks
};
constexpr s32 STA_UNSYNC = 0x40, STA_NANO = 0x2000, STA_RONLY = 0xff00;
constexpr u32 TIME_OK = 0, TIME_ERROR = 5;
constexpr s64 USEC_PER_TICK = 10'000; // 1 s / USER_HZ
constexpr s64 MOST_ERROR_US = 16'000'000, TOLERANCE = 500 << 16;
constexpr s64 MAX_TIMECONST = 10;

// struct timex and struct __kernel_timex, by the size of a long.
template <class Long>
struct Timex {
    alignas(Long) u32 modes;
    Long offset, freq, maxerror, esterror;
    alignas(Long) s32 status;
    Long constant, precision, tolerance, seconds, fraction, tick;
    Long ppsfreq, jitter;
    alignas(Long) s32 shift;
    Long stabil, jitcnt, calcnt, errcnt, stbcnt;
    s32 tai;
    s32 reserved[11];
};
static_assert(sizeof(Timex<s32>) == 128 && sizeof(Timex<s64>) == 208);

// What programs have said. The kernel lock guards it.
struct State {
    s32 status = STA_UNSYNC;
    s64 maxerror = MOST_ERROR_US, esterror = MOST_ERROR_US, constant = 2;
    s32 tai = 0;
};
constinit State state;

template <class Long>
Result<void> check(const Timex<Long>& wanted) {
    const bool adjtime = (wanted.modes & ADJTIME) != 0, only_asks = adjtime && (wanted.modes & NANO) != 0;
    if (adjtime && (wanted.modes & OFFSET) == 0)
        return Err(Errno::INVAL);
    if (wanted.modes != 0 && !only_asks && !capable(CAP_SYS_TIME))
        return Err(Errno::PERM);
    if (adjtime)
        return only_asks || wanted.offset == 0 ? Result<void>() : Err(Errno::OPNOTSUPP);
    if ((wanted.modes & TICK) != 0 && (wanted.tick < USEC_PER_TICK * 9 / 10 || wanted.tick > USEC_PER_TICK * 11 / 10))
        return Err(Errno::INVAL);
    if ((wanted.modes & SETOFFSET) != 0 &&
        (wanted.fraction < 0 || wanted.fraction >= ((wanted.modes & NANO) != 0 ? s64{NSEC_PER_SEC} : s64{1'000'000})))
        return Err(Errno::INVAL);
    const bool slews = ((wanted.modes & OFFSET) != 0 && wanted.offset != 0) ||
                       ((wanted.modes & FREQUENCY) != 0 && wanted.freq != 0) ||
                       ((wanted.modes & TICK) != 0 && wanted.tick != USEC_PER_TICK);
    return slews ? Err(Errno::OPNOTSUPP) : Result<void>();
}

template <class Long>
Result<void> step(const Timex<Long>& wanted) {
    const s64 unit = (wanted.modes & NANO) != 0 ? 1 : 1000;
    constexpr s64 MOST_SECONDS = s64{1} << 33;
    if (s64{wanted.seconds} > MOST_SECONDS || s64{wanted.seconds} < -MOST_SECONDS)
        return Err(Errno::INVAL);
    const s64 now =
        static_cast<s64>(realtime_ns()) + s64{wanted.seconds} * s64{NSEC_PER_SEC} + s64{wanted.fraction} * unit;
    if (now < static_cast<s64>(clock_ns())) // the machine would have started before 1970
        return Err(Errno::INVAL);
    set_realtime(static_cast<u64>(now));
    posix_timers_clock_was_set();
    return {};
}

template <class Long>
void apply(const Timex<Long>& wanted) {
    if ((wanted.modes & STATUS) != 0)
        state.status = (state.status & STA_RONLY) | (wanted.status & ~STA_RONLY);
    if ((wanted.modes & NANO) != 0)
        state.status |= STA_NANO;
    if ((wanted.modes & MICRO) != 0)
        state.status &= ~STA_NANO;
    if ((wanted.modes & MAXERROR) != 0)
        state.maxerror = wanted.maxerror;
    if ((wanted.modes & ESTERROR) != 0)
        state.esterror = wanted.esterror;
    if ((wanted.modes & TIMECONST) != 0) {
        const s64 constant = s64{wanted.constant} + ((state.status & STA_NANO) != 0 ? 0 : 4);
        state.constant = constant < 0 ? 0 : constant > MAX_TIMECONST ? MAX_TIMECONST : constant;
    }
    if ((wanted.modes & TAI) != 0 && wanted.constant >= 0 && wanted.constant <= 100'000)
        state.tai = static_cast<s32>(wanted.constant);
}

template <class Long>
Timex<Long> report(u32 modes) {
    const u64 now = realtime_ns();
    const u64 fraction = now % NSEC_PER_SEC;
    Timex<Long> answer = {};
    answer.modes = modes;
    answer.maxerror = static_cast<Long>(state.maxerror);
    answer.esterror = static_cast<Long>(state.esterror);
    answer.status = state.status;
    answer.constant = static_cast<Long>(state.constant);
    answer.precision = 1;
    answer.tolerance = static_cast<Long>(TOLERANCE);
    answer.seconds = static_cast<Long>(now / NSEC_PER_SEC);
    answer.fraction = static_cast<Long>((state.status & STA_NANO) != 0 ? fraction : fraction / 1000);
    answer.tick = static_cast<Long>(USEC_PER_TICK);
    answer.tai = state.tai;
    return answer;
}

template <class Long>
Result<u32> adjust(UserAddr timex) {
    Timex<Long> wanted;
    TRY_VOID(copy_struct_from_user(&wanted, timex, sizeof wanted));
    TRY_VOID(check(wanted));
    if ((wanted.modes & ADJTIME) == 0) {
        if ((wanted.modes & SETOFFSET) != 0)
            TRY_VOID(step(wanted));
        apply(wanted);
    }
    const auto answer = report<Long>(wanted.modes);
    TRY_VOID(copy_struct_to_user(timex, &answer, sizeof answer));
    return (state.status & STA_UNSYNC) != 0 ? TIME_ERROR : TIME_OK;
}

// INVAL: no such clock; OPNOTSUPP: one that runs by itself.
Result<void> check_clock(s32 clock) {
    if (clock == CLOCK_REALTIME)
        return {};
    TRY(read_clock(clock));
    return Err(Errno::OPNOTSUPP);
}

} // namespace

Result<u32> sys_adjtimex(UserAddr timex) { return adjust<s32>(timex); }

Result<u32> sys_clock_adjtime(s32 clock, UserAddr timex) {
    TRY_VOID(check_clock(clock));
    return adjust<s32>(timex);
}
Result<u32> sys_clock_adjtime64(s32 clock, UserAddr timex) {
    TRY_VOID(check_clock(clock));
    return adjust<s64>(timex);
}

} // namespace faultline
