// Mistakes on purpose: a null pointer, two locks in both orders, a sleep with a spin lock held.
#include "kernel/debug/misbehave.hpp"

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
