// The generic timer (ARM ARM B8.1): the virtual counter is the clock, the virtual timer's compare value is the alarm.
// Every CPU has one timer.
#include <arch/interrupts.hpp>

#include "arch/arm/setup.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/assert.hpp"

namespace faultline {

namespace {

inline constexpr u64 NANOSECONDS = 1'000'000'000;
inline constexpr u32 CNTV_CTL_ENABLE = 1;
inline constexpr u32 CNTKCTL_PL0VCTEN = 1u << 1; // user mode may read CNTVCT and CNTFRQ

// One tick in nanoseconds, as a 32.32 fixed-point number, and the reciprocal. Both are zero until clock_init().
constinit u64 ns_per_tick = 0;
constinit u64 ticks_per_ns = 0;

u64 cntvct() {
    u64 ticks;
    asm volatile("isb\n\tmrrc p15, 1, %Q0, %R0, c14" : "=r"(ticks)::"memory");
    return ticks;
}

void set_cntv_cval(u64 ticks) { asm volatile("mcrr p15, 3, %Q0, %R0, c14" ::"r"(ticks)); }
void set_cntv_ctl(u32 value) { asm volatile("mcr p15, 0, %0, c14, c3, 1\n\tisb" ::"r"(value)); }

// value * fixed, rounded down. There is no 128-bit product, so the high and low halves are multiplied separately.
constexpr u64 multiply_fixed(u64 value, u64 fixed) {
    const u64 value_high = value >> 32, value_low = value & 0xffffffff;
    const u64 whole = fixed >> 32, fraction = fixed & 0xffffffff;
    return value * whole + value_high * fraction + ((value_low * fraction) >> 32);
}
static_assert(multiply_fixed(62'500'000, u64{16} << 32) == NANOSECONDS);
static_assert(multiply_fixed(u64{3} << 40, u64{1} << 31) == u64{3} << 39);

void timer_expired(void*) {
    set_cntv_ctl(0);
    timer_interrupt();
}

} // namespace

u32 clock_frequency() {
    u32 frequency;
    asm volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(frequency)); // CNTFRQ
    return frequency;
}

void clock_init() {
    const u32 frequency = clock_frequency();
    if (frequency == 0)
        panic("the generic timer's frequency is not set");
    const auto ratio = [](u64 numerator, u64 denominator) {
        return ((numerator / denominator) << 32) | (((numerator % denominator) << 32) / denominator);
    };
    ns_per_tick = ratio(NANOSECONDS, frequency);
    ticks_per_ns = ratio(frequency, NANOSECONDS);
}

void clock_init_cpu() {
    asm volatile("mcr p15, 0, %0, c14, c1, 0" ::"r"(CNTKCTL_PL0VCTEN)); // CNTKCTL
}

void timer_init(u32 intid) { request_irq(intid, timer_expired, nullptr, "arch_timer"); }
void timer_init_cpu() { set_cntv_ctl(0); }

u64 clock_ns() { return multiply_fixed(cntvct(), ns_per_tick); }

void set_next_event(u64 deadline_ns) {
    if (deadline_ns == NO_DEADLINE) {
        set_cntv_ctl(0);
        return;
    }
    // One tick is added because the product is rounded down: the alarm must not come early, or the handler would find
    // its deadline still in the future.
    set_cntv_cval(multiply_fixed(deadline_ns, ticks_per_ns) + 1);
    set_cntv_ctl(CNTV_CTL_ENABLE);
}

} // namespace faultline
