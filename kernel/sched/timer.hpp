// Deadlines: queues ordered by time, one for each clock on each CPU, and the CPU's hardware timer that serves them.
// (Linux: hrtimer, hrtimer_clock_base.)
#pragma once

#include "arch/contract/per_cpu.hpp"
#include "base/intrusive.hpp"
#include "kernel/sched/irq_lock.hpp"

namespace faultline {

inline constexpr u64 NO_DEADLINE = ~u64{0};
inline constexpr u64 NSEC_PER_SEC = 1'000'000'000;

// The clock that a deadline is read on. What waits for a moment of Realtime comes earlier or later if the
// clock is set.
enum class ClockBase : u8 { Monotonic, Realtime };

// A moment; or never. A plain number is one of clock_ns(). Sixty-four bits, because it is handed down to
// every sleep: the highest tells the clock, and leaves 292 years.
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
    constexpr u64 raw() const { return bits_; } // to be kept in a RestartBlock

    constexpr bool never() const { return bits_ == NO_DEADLINE; }
    constexpr u64 ns() const { return never() ? NO_DEADLINE : bits_ & ~REALTIME; }
    constexpr ClockBase clock() const { return (bits_ & REALTIME) != 0 ? ClockBase::Realtime : ClockBase::Monotonic; }

  private:
    static constexpr u64 REALTIME = u64{1} << 63;
    u64 bits_ = NO_DEADLINE;
};

// Two timers may share a deadline; the order in which they were armed then decides.
struct TimerKey {
    u64 deadline_ns = NO_DEADLINE; // on the timer's own clock
    u64 sequence = 0;
    auto operator<=>(const TimerKey&) const = default;
};

struct Timer {
    TreeHook node;
    TimerKey key;
    ClockBase clock = ClockBase::Monotonic; // whose queue it is in
    bool armed = false;
    Relaxed<u32> cpu = 0; // whose queue it is in, or was last
    // Called once, in interrupt context on the CPU that armed it, when the deadline has passed; the timer is disarmed
    // and may be armed again.
    void (*expired)(Timer& timer) = nullptr;
    // Held around that call. Who holds it and disarms the timer knows that `expired` neither runs nor will.
    RecursiveSpinLock* under = nullptr;
};

// Once on each CPU, at boot, before any other function here.
void init_timers();

// Arms `timer` for `deadline` (past: as soon as interrupts allow), replacing what it was armed for. Never
// only disarms. Callable anywhere, by one CPU at a time for one timer.
void mod_timer(Timer& timer, Deadline deadline);

// Disarms; true if it was armed. After this `expired` will not be called, and if another CPU was calling it, it
// has returned: hold no lock that `expired` takes, but `under`. Callable anywhere.
bool del_timer(Timer& timer);

// Asks for a timer interrupt at `deadline_ns` or before: the scheduler's end of slice, which is no Timer
// because it moves with every switch. Of this CPU.
inline void want_event(u64 deadline_ns) REQUIRES(irqs_masked);

// A moment `interval_ns` from `now_ns`; "never" if that cannot be said in 64 bits.
constexpr u64 deadline_after(u64 now_ns, u64 interval_ns) {
    return interval_ns > NO_DEADLINE - now_ns ? NO_DEADLINE : now_ns + interval_ns;
}

// A clock's moment as one of clock_ns(), as the clocks stand now; 0 if that was before boot.
u64 monotonic_of(ClockBase clock, u64 moment_ns);

// CLOCK_REALTIME minus clock_ns(), which whoever sets the clock says; before that, 0. Timers on that clock
// follow.
s64 realtime_offset_ns();
void set_realtime_offset(s64 offset_ns);
void timers_look_at_clock() REQUIRES(irqs_masked); // on this CPU, after another may have set it

extern constinit PerCpu<u64> programmed_event_ns; // what the hardware was last told
void program_event(u64 deadline_ns);

inline void want_event(u64 deadline_ns) {
    if (deadline_ns < programmed_event_ns.here())
        program_event(deadline_ns);
}

} // namespace faultline
