// Mistakes on purpose: a null pointer, two locks in both orders, a sleep with a spin lock held, the kernel
// lock kept too long.
#include "kernel/debug/misbehave.hpp"

#include "arch/contract/clock.hpp"
#include "base/spinlock.hpp"
#include "base/types.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constinit SpinLock one("one lock"), other("the other lock");

void nest(SpinLock& outer, SpinLock& inner) {
    const Guard first(outer);
    const Guard second(inner);
}

} // namespace

bool misbehave(char how) {
    if (how == 'c') {
        u32* nothing = nullptr;
        // Hides the value from the compiler.
        asm volatile("" : "+r"(nothing));
        *nothing = 1;
    } else if (how == 'k') {
        for (const u64 end = clock_ns() + 4'000'000; clock_ns() < end;) {
        }
    } else if (lockdep::WATCHES && how == 'o') {
        nest(one, other);
        // Not a deadlock now, but two CPUs that do this at the same time may wait for each other.
        nest(other, one);
    } else if (lockdep::WATCHES && how == 's') {
        const Guard held(one);
        schedule();
    } else {
        return false;
    }
    return true;
}

} // namespace faultline
