// Mistakes on purpose, a function for each that is more than a line.
#include "kernel/debug/misbehave.hpp"

#include <limits>

#include "arch/contract/clock.hpp"
#include "base/concurrency.hpp"
#include "base/irq_guard.hpp"
#include "base/spinlock.hpp"
#include "base/types.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constinit SpinLock one("one lock"), other("the other lock");

void nest(SpinLock& outer, SpinLock& inner) {
    const Guard first(outer);
    const Guard second(inner);
}

// The compiler knows nothing of the value from here on.
template <class T>
void hide(T& value) {
    asm volatile("" : "+r"(value));
}

[[gnu::noinline]] void overflow_a_number() {
    s32 most = std::numeric_limits<s32>::max();
    hide(most);
    s32 more = most + 1;
    hide(more);
}

// Calls itself until `depth` is 0. The frame stays on the stack, because it is used after the call.
[[gnu::noinline]] u32 fill_stack(u32 depth) { // NOLINT(misc-no-recursion)
    hide(depth);
    if (depth == 0)
        return 0;
    u32 below = fill_stack(depth - 1);
    hide(below);
    return below + depth;
}

void spin_for(u64 ns) {
    for (const u64 end = clock_ns() + ns; clock_ns() < end;) {
    }
}

[[gnu::noinline]] void mask_interrupts_for(u64 ns) {
    const IrqGuard irqs;
    spin_for(ns);
}

} // namespace

bool misbehave(char how) {
    if (how == 'c') {
        u32* nothing = nullptr;
        hide(nothing);
        *nothing = 1;
    } else if (how == 'k') {
        spin_for(4'000'000);
    } else if (lockdep::WATCHES && how == 'o') {
        nest(one, other);
        // Not a deadlock now, but two CPUs that do this at the same time may wait for each other.
        nest(other, one);
    } else if (lockdep::WATCHES && how == 's') {
        const Guard held(one);
        schedule();
    } else if (lockdep::WATCHES && how == 'u') {
        overflow_a_number();
    } else if (lockdep::WATCHES && how == 'r') {
        fill_stack(~u32{0});
    } else if (lockdep::WATCHES && (how == 'i' || how == 'n')) {
        mask_interrupts_for(how == 'i' ? 11'000'000 : 9'000'000);
    } else if (lockdep::WATCHES && how == 'h') {
        current()->state = TaskState::Uninterruptible;
        schedule_until(clock_ns() + 10 * NSEC_PER_SEC);
    } else if (lockdep::WATCHES && how == 'l') {
        const KernelUnlocked meanwhile;
        const u64 end = clock_ns() + 4 * NSEC_PER_SEC;
        spin_until([&] { return clock_ns() >= end; });
    } else {
        return false;
    }
    return true;
}

} // namespace faultline
