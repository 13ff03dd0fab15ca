// The timers of timerfd_create(2). (Linux fs/timerfd.c.)
//
// A periodic timer is not armed again when it expires, but when the program looks at it: the periods that have passed
// meanwhile are counted then. So a short period costs only its own process.
#include "abi/fs/timerfd.hpp"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include <utility>

#include "abi/arguments/timespec.hpp"
#include "abi/cred/cred.hpp"
#include "abi/fs/anon_inode.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/time/realtime.hpp"
#include "kernel/sched/timer.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

// The kernel lock guards the setting. `lock` guards what the timer's interrupt and the setting of the clock change.
struct TimerFd {
    s32 clock = 0;
    Timer timer;
    u64 interval_ns = 0;                   // 0: the timer expires once
    u64 deadline_ns = 0;                   // on `base`: the next expiration, or the last one; 0: it was never set
    u32 settime_flags = 0;                 // the last ones, for /proc/PID/fdinfo
    ClockBase base = ClockBase::Monotonic; // a relative time is not moved by setting the clock

    SpinLock lock{"TimerFd"};               // held with interrupts masked
    u64 ticks GUARDED_BY(lock) = 0;         // expirations that no read has seen
    bool expired GUARDED_BY(lock) = false;  // it has expired, and was not armed again
    bool canceled GUARDED_BY(lock) = false; // the clock was set, and no call has said so yet
    WaitQueue waiters{"TimerFd waiters"};   // taken inside the queue of realtime_sleepers()
    WaitEntry clock_watch;                  // in realtime_sleepers()
    bool cancel_on_set = false;             // whether it is there
};
constinit KmemCache cache{"timerfd", sizeof(TimerFd), alignof(TimerFd)};

bool is_alarm(s32 clock) { return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM; }
bool is_realtime(s32 clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM; }
u64 now_of(const TimerFd& timer) { return timer.base == ClockBase::Realtime ? realtime_ns() : clock_ns(); }

void timer_expired(Timer& timer) {
    TimerFd& own = *intrusive::get_parent_from_member(&timer, &TimerFd::timer);
    {
        IrqLocked lock(own.lock);
        own.expired = true;
        ++own.ticks;
    }
    wake_up_poll(own.waiters, POLLIN);
}

// WaitEntry::woken: the clock was set.
bool clock_was_set(WaitEntry& entry, u32) {
    TimerFd& own = *intrusive::get_parent_from_member(&entry, &TimerFd::clock_watch);
    {
        IrqLocked lock(own.lock);
        own.canceled = true;
        ++own.ticks;
    }
    wake_up_poll(own.waiters, POLLIN);
    return false;
}

void watch_clock(TimerFd& timer, bool watch) {
    if (watch == timer.cancel_on_set)
        return;
    timer.cancel_on_set = watch;
    timer.clock_watch.woken = clock_was_set;
    if (watch) {
        add_wait_queue(realtime_sleepers(), timer.clock_watch);
        return;
    }
    remove_wait_queue(timer.clock_watch);
    IrqLocked lock(timer.lock);
    timer.canceled = false;
}

// Moves the deadline of a periodic timer past now, and arms it. Returns how many periods that took.
u64 forward(TimerFd& timer) {
    const u64 now = now_of(timer);
    if (now < timer.deadline_ns)
        return 0; // the clock was set back
    const u64 passed = (now - timer.deadline_ns) / timer.interval_ns + 1;
    timer.deadline_ns += passed * timer.interval_ns;
    return passed;
}

void arm(TimerFd& timer) { mod_timer(timer.timer, Deadline(timer.deadline_ns, timer.base)); }

// A periodic timer that has expired: counts the periods that have passed meanwhile. Then the caller arms it: true.
bool count_periods(TimerFd& timer) REQUIRES(timer.lock) {
    if (!timer.expired || timer.interval_ns == 0)
        return false;
    timer.expired = false;
    const u64 passed = forward(timer);
    timer.ticks += passed != 0 ? passed - 1 : 0; // the first is counted
    return true;
}

u64 remaining(const TimerFd& timer) {
    const u64 now = now_of(timer);
    return timer.deadline_ns > now ? timer.deadline_ns - now : 0;
}

Result<u32> timerfd_read(File& file, UserAddr buffer, u32 bytes, u64&) {
    TimerFd& timer = *static_cast<TimerFd*>(file.private_data);
    if (bytes < sizeof(u64))
        return Err(Errno::INVAL);
    const auto has_ticks = [&] {
        IrqLocked lock(timer.lock);
        return timer.ticks != 0;
    };
    if (!has_ticks()) {
        if ((file.flags & O_NONBLOCK) != 0)
            return Err(Errno::AGAIN);
        TRY_VOID(wait_event_interruptible(timer.waiters, has_ticks));
    }
    u64 ticks = 0;
    bool again = false;
    {
        IrqLocked lock(timer.lock);
        if (std::exchange(timer.canceled, false)) { // the program sets it anew, so it is not armed again
            timer.expired = false;
            timer.ticks = 0;
            return Err(Errno::CANCELED);
        }
        again = count_periods(timer);
        ticks = std::exchange(timer.ticks, 0);
        timer.expired = false;
    }
    if (again)
        arm(timer);
    TRY_VOID(copy_struct_to_user(buffer, &ticks, sizeof ticks));
    return u32{sizeof ticks};
}

u32 timerfd_poll(File& file, PollTable* table) {
    TimerFd& timer = *static_cast<TimerFd*>(file.private_data);
    poll_wait(file, timer.waiters, table);
    IrqLocked lock(timer.lock);
    return timer.ticks != 0 ? POLLIN : 0;
}

void timerfd_release(File& file) {
    auto* timer = static_cast<TimerFd*>(file.private_data);
    watch_clock(*timer, false);
    del_timer(timer->timer);
    kmem_delete(cache, timer);
}

Result<s32> timerfd_ioctl(File& file, u32 request, u32 argument) {
    if (request != TFD_IOC_SET_TICKS)
        return Err(Errno::NOTTY);
    TimerFd& timer = *static_cast<TimerFd*>(file.private_data);
    u64 ticks = 0;
    TRY_VOID(copy_struct_from_user(&ticks, UserAddr(argument), sizeof ticks));
    if (ticks == 0)
        return Err(Errno::INVAL);
    {
        IrqLocked lock(timer.lock);
        if (std::exchange(timer.canceled, false))
            return Err(Errno::CANCELED);
        timer.ticks = ticks;
    }
    wake_up_poll(timer.waiters, POLLIN);
    return 0;
}

// As timerfd_gettime(2), but without counting the periods that have passed.
void timerfd_show_fdinfo(const File& file, SeqFile& out) {
    auto& timer = *static_cast<TimerFd*>(file.private_data);
    u64 ticks, left;
    {
        IrqLocked lock(timer.lock);
        ticks = timer.ticks;
        left = remaining(timer);
    }
    const auto seconds = [](u64 ns) { return static_cast<unsigned long long>(ns / NSEC_PER_SEC); };
    const auto rest = [](u64 ns) { return static_cast<unsigned long long>(ns % NSEC_PER_SEC); };
    out.printf("clockid: %d\nticks: %llu\nsettime flags: 0%o\n", static_cast<int>(timer.clock),
               static_cast<unsigned long long>(ticks), static_cast<unsigned>(timer.settime_flags));
    out.printf("it_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n", seconds(left), rest(left),
               seconds(timer.interval_ns), rest(timer.interval_ns));
}

constexpr FileOps timerfd_ops = {
    .read = timerfd_read,
    .ioctl = timerfd_ioctl,
    .poll = timerfd_poll,
    .release = timerfd_release,
    .show_fdinfo = timerfd_show_fdinfo,
    .noop_seek = true,
};

Result<FileRef> timerfd_file(s32 fd) {
    FileRef file = TRY(fget_ref(fd));
    if (file->ops != &timerfd_ops)
        return Err(Errno::INVAL);
    return file;
}

struct Setting {
    u64 interval_ns, value_ns;
};

template <class Timespec>
Result<void> put_setting(UserAddr to, const Setting& setting) {
    TRY_VOID(put_timespec<Timespec>(to, setting.interval_ns));
    return put_timespec<Timespec>(to + u32{sizeof(Timespec)}, setting.value_ns);
}

// Sets the timer and returns the setting before. CANCELED: the clock was set before. The timer is set anyway.
Result<Setting> set(TimerFd& timer, u32 flags, const Setting& setting) {
    const bool absolute = (flags & TFD_TIMER_ABSTIME) != 0;
    watch_clock(timer, is_realtime(timer.clock) && absolute && (flags & TFD_TIMER_CANCEL_ON_SET) != 0);
    del_timer(timer.timer); // from here on it does not expire
    bool canceled = false;
    Setting old{timer.interval_ns, 0};
    {
        IrqLocked lock(timer.lock);
        if (timer.expired && timer.interval_ns != 0)
            forward(timer);
        old.value_ns = remaining(timer);
        timer.expired = false;
        timer.ticks = 0;
        if (setting.value_ns != 0)
            canceled = std::exchange(timer.canceled, false);
    }
    timer.interval_ns = setting.interval_ns;
    timer.settime_flags = flags;
    timer.base = absolute && is_realtime(timer.clock) ? ClockBase::Realtime : ClockBase::Monotonic;
    timer.deadline_ns = setting.value_ns;
    if (setting.value_ns != 0) {
        if (!absolute)
            timer.deadline_ns = deadline_after(now_of(timer), setting.value_ns);
        arm(timer);
    }
    if (canceled)
        return Err(Errno::CANCELED);
    return old;
}

template <class Timespec>
Result<u32> settime(s32 fd, u32 flags, UserAddr value, UserAddr old_value) {
    Timespec raw[2]; // all of it is read before any of it is checked
    TRY_VOID(copy_struct_from_user(raw, value, sizeof raw));
    if ((flags & ~u32{TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET}) != 0)
        return Err(Errno::INVAL);
    Setting setting{};
    setting.interval_ns = TRY(timespec_ns(raw[0]));
    setting.value_ns = TRY(timespec_ns(raw[1]));
    const FileRef file = TRY(timerfd_file(fd));
    TimerFd& timer = *static_cast<TimerFd*>(file->private_data);
    if (is_alarm(timer.clock) && !capable(CAP_WAKE_ALARM))
        return Err(Errno::PERM);
    const Setting old = TRY(set(timer, flags, setting));
    if (old_value.value() != 0)
        TRY_VOID(put_setting<Timespec>(old_value, old));
    return 0u;
}

template <class Timespec>
Result<u32> gettime(s32 fd, UserAddr value) {
    const FileRef file = TRY(timerfd_file(fd));
    TimerFd& timer = *static_cast<TimerFd*>(file->private_data);
    bool again = false;
    {
        IrqLocked lock(timer.lock);
        again = count_periods(timer);
    }
    if (again)
        arm(timer);
    TRY_VOID(put_setting<Timespec>(value, {timer.interval_ns, remaining(timer)}));
    return 0u;
}

} // namespace

Result<s32> sys_timerfd_create(s32 clock, u32 flags) {
    if ((flags & ~u32{TFD_CLOEXEC | TFD_NONBLOCK}) != 0)
        return Err(Errno::INVAL);
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME && !is_realtime(clock) && !is_alarm(clock))
        return Err(Errno::INVAL);
    if (is_alarm(clock) && !capable(CAP_WAKE_ALARM))
        return Err(Errno::PERM);
    auto* timer = kmem_new<TimerFd>(cache);
    if (timer == nullptr)
        return Err(Errno::NOMEM);
    timer->clock = clock;
    timer->timer.expired = timer_expired;
    auto file = anon_inode_getfile("anon_inode:[timerfd]", timerfd_ops, timer, O_RDWR | (flags & TFD_NONBLOCK));
    if (!file) {
        kmem_delete(cache, timer);
        return Err(file.error());
    }
    return fd_install(std::move(file.value()), (flags & TFD_CLOEXEC) != 0);
}

Result<u32> sys_timerfd_settime(s32 fd, u32 flags, UserAddr value, UserAddr old_value) {
    return settime<Timespec32>(fd, flags, value, old_value);
}
Result<u32> sys_timerfd_settime64(s32 fd, u32 flags, UserAddr value, UserAddr old_value) {
    return settime<Timespec64>(fd, flags, value, old_value);
}
Result<u32> sys_timerfd_gettime(s32 fd, UserAddr value) { return gettime<Timespec32>(fd, value); }
Result<u32> sys_timerfd_gettime64(s32 fd, UserAddr value) { return gettime<Timespec64>(fd, value); }

} // namespace faultline
