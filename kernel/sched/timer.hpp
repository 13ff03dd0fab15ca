// Timers: queues ordered by deadline, one for each clock on each CPU, served by the CPU's hardware timer. (Linux:
// hrtimer, hrtimer_clock_base.)
#pragma once

#include "arch/contract/clock.hpp"
#include "arch/contract/per_cpu.hpp"
#include "base/intrusive.hpp"
#include "kernel/sched/irq_lock.hpp"

namespace faultline {

inline constexpr u64 NSEC_PER_SEC = 1'000'000'000;

// The clock of a deadline. If Realtime is set, its deadlines come earlier or later accordingly.
enum class ClockBase : u8 { Monotonic, Realtime };

// A moment in nanoseconds on one of the clocks, or "never". A plain number means Monotonic, the clock of clock_ns(). It
// has 64 bits, so it is passed in registers. The highest bit tells the clock; the rest is enough for 292 years.
class Deadline {
  public:
    constexpr Deadline() = default;
    constexpr Deadline(u64 monotonic_ns) : Deadline(monotonic_ns, ClockBase::Monotonic) {}
    constexpr Deadline(u64 moment_ns, ClockBase clock)
        : bits_(moment_ns >= REALTIME          ? NO_DEADLINE
                : clock == ClockBase::Realtime ? moment_ns | REALTIME
                                               : moment_ns) {}
    static constexpr Deadline from_raw(u64 bits) {
        Deadline deadline;
        deadline.bits_ = bits;
        return deadline;
    }
    constexpr u64 raw() const { return bits_; } // for a RestartBlock

    constexpr bool never() const { return bits_ == NO_DEADLINE; }
    constexpr u64 ns() const { return never() ? NO_DEADLINE : bits_ & ~REALTIME; }
    constexpr ClockBase clock() const { return (bits_ & REALTIME) != 0 ? ClockBase::Realtime : ClockBase::Monotonic; }

  private:
    static constexpr u64 REALTIME = u64{1} << 63;
    u64 bits_ = NO_DEADLINE;
};

// If two timers have the same deadline, the one that was armed first expires first.
struct TimerKey {
    u64 deadline_ns = NO_DEADLINE; // on the timer's own clock
    u64 sequence = 0;
    auto operator<=>(const TimerKey&) const = default;
};

struct Timer {
    TreeHook node;
    TimerKey key;
    ClockBase clock = ClockBase::Monotonic; // the clock of the queue it is in
    bool armed = false;
    Relaxed<u32> cpu = 0; // the CPU of the queue it is in, or was in last
    // Called once, when the deadline has passed, in interrupt context on the CPU where it was armed. The timer is
    // disarmed then, and may be armed again.
    void (*expired)(Timer& timer) = nullptr;
    // Held around that call; nullptr: none. If a holder of it disarms the timer, `expired` does not run and will not
    // run.
    RecursiveSpinLock* under = nullptr;
};

// Sets up this CPU's queues. Once on each CPU, at boot, before any other function here.
void init_timers();

// Arms `timer` for `deadline`, in place of an earlier deadline. A deadline in the past expires as soon as interrupts
// allow; "never" only disarms. Callable from anywhere, but by one CPU at a time for one timer.
void mod_timer(Timer& timer, Deadline deadline);

// Disarms the timer. Returns true if it was armed. Afterwards `expired` will not be called; if another CPU was calling
// it, that call has returned. So hold no lock that `expired` takes, except `under`. Callable from anywhere.
bool del_timer(Timer& timer);

// Asks for a timer interrupt on this CPU at `deadline_ns` of clock_ns() or before. The scheduler uses it for the end of
// a slice, which is no Timer because it changes with every switch.
inline void want_event(u64 deadline_ns) REQUIRES(irqs_masked);

// The moment `interval_ns` after `now_ns`; NO_DEADLINE if that does not fit in 64 bits.
constexpr u64 deadline_after(u64 now_ns, u64 interval_ns) {
    return interval_ns > NO_DEADLINE - now_ns ? NO_DEADLINE : now_ns + interval_ns;
}

// Converts a clock's moment to clock_ns(), as the clocks are now. 0 if it was before boot; NO_DEADLINE stays.
u64 monotonic_of(ClockBase clock, u64 moment_ns);

// CLOCK_REALTIME minus clock_ns(), in nanoseconds; 0 until it is set. Setting it moves the timers of that clock on all
// CPUs.
s64 realtime_offset_ns();
void set_realtime_offset(s64 offset_ns);
// Takes a new offset into account on this CPU, after another CPU may have set it.
void timers_look_at_clock() REQUIRES(irqs_masked);

// The deadline that this CPU's hardware timer has; program_event() sets it.
extern constinit PerCpu<u64> programmed_event_ns;
void program_event(u64 deadline_ns) REQUIRES(irqs_masked);

inline void want_event(u64 deadline_ns) {
    if (deadline_ns < programmed_event_ns.here())
        program_event(deadline_ns);
}

} // namespace faultline
